# Counts words in a hash, then sorts them by count and by name: hashing, regular expressions, sort callbacks.
use strict;
use warnings;

my ($passes, $file) = @ARGV;
my %count;
for my $pass (1 .. $passes) {
  open(my $in, '<', $file) or die "$file: $!";
  while (my $line = <$in>) {
    while ($line =~ /(\w+)/g) { $count{lc $1} += $pass; }
  }
  close($in);
}
my @sorted = sort { $count{$b} <=> $count{$a} or $a cmp $b } keys %count;
print "$_ $count{$_}\n" for @sorted[0 .. 99];
print scalar(@sorted), "\n";
