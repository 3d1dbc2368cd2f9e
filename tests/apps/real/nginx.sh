# needs: nginx curl
# A master, two workers, a reload by signal, requests at the same time, a graceful end.
chmod 755 .
mkdir logs
cat >conf <<END
worker_processes 2; daemon off; pid $PWD/pid; error_log $PWD/logs/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $PWD/b; proxy_temp_path $PWD/p; fastcgi_temp_path $PWD/f; uwsgi_temp_path $PWD/u; scgi_temp_path $PWD/s;
  server { listen unix:$PWD/socket; root $PWD; }
}
END
echo 'a small file' >index.html
get() { curl -s --unix-socket socket "http://localhost/$1"; }
nginx -p "$PWD" -c "$PWD/conf" &
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  get index.html && break
  sleep 0.2
done
for i in 1 2 3 4; do get index.html & done | sort
get missing | grep title
kill -HUP "$(cat pid)"
sleep 0.5
get index.html
kill -QUIT "$(cat pid)"
wait $!
echo "server: $?"
