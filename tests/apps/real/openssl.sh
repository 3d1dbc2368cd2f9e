# needs: openssl
# Digests, ciphers and a signature; the code picks vector instructions by cpuid.
seq 1 20000 > data; for d in md5 sha1 sha256 sha3-256 blake2b512; do openssl dgst -$d data; done
for c in aes-128-cbc aes-256-ctr chacha20; do openssl enc -$c -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -iv 000102030405060708090a0b0c0d0e0f -in data 2>/dev/null | sha256sum; done
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out key 2>/dev/null; openssl dgst -sha256 -sign key -out sig data; openssl pkey -in key -pubout -out pub; openssl dgst -sha256 -verify pub -signature sig data
