# needs: perl
# Regular expressions, hashes, sorting, formats, fork and signals in perl.
perl -e 'my %h; for (1..20000) { $h{$_ % 97} .= chr(65 + $_ % 26) } print join(",", map { length $h{$_} } sort { $a <=> $b } keys %h), "\n"'
perl -e '$_ = "abc" x 1000; my $n = () = /b(?=c)/g; print "$n\n"; print join(" ", sort { $b <=> $a } map { $_ ** 2 % 101 } 1..30), "\n"; printf "%.10f %e\n", exp(1), 1/3'
perl -e '$SIG{ALRM} = sub { print "alarm\n"; exit 4 }; alarm 1; 1 while 1'; echo $?
perl -e 'if (my $p = fork) { waitpid $p, 0; print $? >> 8, "\n" } else { exit 9 }'; perl -e 'die "dies\n"'; echo $?; perl -e 'print `echo back | tr a-z A-Z`; eval { die { code => 5 } }; print $@->{code}, "\n"'
