# Word counts and sums over fields.
{
  fields += NF
  for (i = 1; i <= NF; i++) {
    count[$i]++
    total[length($i)] += i
  }
}
END {
  for (word in count) { distinct++; check = (check + count[word] * length(word)) % 1000003 }
  for (i = 1; i <= 20; i++) printf "%d ", total[i]
  print fields, distinct, check
}
