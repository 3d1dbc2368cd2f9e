# needs: sqlite3
# Tables, indices, transactions and a recursive query in memory and in a file.
cat > q.sql <<'SQL'
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, printf('row %05d', i * 7919 % 5000), i / 3.0 FROM n;
CREATE INDEX x ON t(b);
BEGIN; UPDATE t SET c = c * 2 WHERE a % 3 = 0; DELETE FROM t WHERE b LIKE '%7'; ROLLBACK;
SELECT count(*), sum(c), max(b) FROM t WHERE b BETWEEN 'row 01000' AND 'row 03000';
SELECT a % 10, count(*), avg(c) FROM t GROUP BY 1 ORDER BY 1;
PRAGMA integrity_check;
SQL
sqlite3 :memory: < q.sql; sqlite3 file.db < q.sql; sqlite3 file.db 'select count(*) from t; vacuum;'; sqlite3 file.db 'select bad'; echo $?
