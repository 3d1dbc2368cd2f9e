-- Rows made by a recursive query, an index, a join with grouping, an update. :n is set by the caller.
CREATE TABLE item(id INTEGER PRIMARY KEY, owner INTEGER, price INTEGER, name TEXT);
CREATE TABLE owner(id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO owner WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 4999)
  SELECT i, 'owner ' || (i * 7919 % 5000) FROM c;
INSERT INTO item WITH RECURSIVE c(i, x) AS (SELECT 1, 12345 UNION ALL
    SELECT i + 1, (x * 1103515245 + 12345) % 2147483648 FROM c WHERE i < :n)
  SELECT i, x / 256 % 5000, x / 65536 % 1000, 'item ' || (x / 16 % 100000) FROM c;
CREATE INDEX item_name ON item(name);
CREATE INDEX item_owner ON item(owner, price);
SELECT o.name, count(*), sum(i.price), max(i.name) FROM item i JOIN owner o ON o.id = i.owner
  WHERE i.price > 100 GROUP BY o.name ORDER BY 3 DESC, 1 LIMIT 20;
UPDATE item SET price = price + 1 WHERE owner % 3 = 0;
SELECT count(DISTINCT name), sum(price), avg(length(name)) FROM item WHERE name LIKE '%7%';
SELECT count(*) FROM item a JOIN item b ON a.name = b.name AND a.id < b.id AND a.owner > b.owner;
