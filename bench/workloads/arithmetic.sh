# Arithmetic, an indexed array and a function call in a loop.
n=$1
declare -a table
step() { sum=$(((sum * 31 + $1) & 0xffffff)); }
sum=1
for ((i = 0; i < n; i++)); do
  ((table[i & 255] += i ^ sum))
  if ((i % 3 == 0)); then step "$i"; else ((sum += table[sum & 255] & 15)); fi
done
echo "$sum ${#table[@]} ${table[17]}"
