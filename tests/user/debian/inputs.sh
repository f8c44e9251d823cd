#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: inputs.sh DIR: the files that commands.txt works on; the same bytes every time, but for the key.
set -eu
mkdir -p "$1" && cd "$1"
awk 'BEGIN { srand(1); split("the quick brown fox jumps over a lazy dog int main abab queue moon", w, " ");
    for (i = 0; i < 60; i++) { s = ""; for (k = 0; k < 8; k++) { x = (x * 1103515245 + 12345) % 2147483648;
    s = s (k ? " " : "") w[int(x / 65536) % 14 + 1] } print s } }' >text.txt
awk 'BEGIN { for (i = 0; i < 9000; i++) { x = (x * 1103515245 + 12345) % 2147483648;
    printf "%d %x line %d abab %s\n", x % 1000, x, i, x % 3 ? "odd" : "even queue" } }' >big.txt
awk 'BEGIN { for (i = 0; i < 1000; i++) { x = (x * 1103515245 + 12345) % 2147483648;
    printf "%c%c%c", int(x / 7) % 127 + 1, int(x / 4099) % 127 + 1, int(x / 65536) % 127 + 1 } }' >data.bin
seq 1 3 60 | sed 's/$/ three/' | sort >a.txt
seq 1 2 60 | sed 's/$/ two/' | sort >b.txt
printf 'a b\nb c\nc d\na d\n' >pairs.txt
printf 'int main(void)\n{\n    return 0;\n}\n' >code.c
printf 'scale=30\n4*a(1)\ne(1)\ns(0.5)\nsqrt(2)\nfor (i = 1; i < 20; i++) i^i\n' >sums.bc
awk 'BEGIN { printf "["; for (i = 0; i < 40; i++) printf "%s{\"n\":%d,\"s\":\"x%d\"}", i ? "," : "", i * 7 % 11, i; print "]" }' >data.json
cat >prog.lua <<'L'
local t, s = {}, 0
for i = 1, 50000 do t[i % 100 + 1] = (t[i % 100 + 1] or 0) + i; s = s + i / 3 end
table.sort(t)
print(s, t[1], t[100], string.format("%q %5.2f", "a\nb", math.pi), ("abc"):rep(3, "-"))
local c = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
print(c(), c(), c(), pcall(error, "x"), 7 // 2, 2 ^ 0.5, 5 & 3)
L
cat >threads.py <<'P'
import threading, queue, concurrent.futures as cf
n, lock, q = 0, threading.Lock(), queue.Queue()
def work(k):
    global n
    for _ in range(500):
        with lock:
            n += 1
    q.put(k * k)
ts = [threading.Thread(target=work, args=(k,)) for k in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]
print(n, sorted(q.queue))
with cf.ThreadPoolExecutor(4) as ex:
    print(list(ex.map(lambda x: sum(range(x)), range(0, 2000, 250))))
e = threading.Event(); threading.Timer(0.05, e.set).start(); print(e.wait(5))
b = threading.Barrier(3); threading.Thread(target=b.wait).start(); threading.Thread(target=b.wait).start(); b.wait()
print("done", threading.active_count() <= 3)
P
cat >asyncio_.py <<'P'
import asyncio
async def echo(r, w):
    w.write((await r.readline()).upper()); await w.drain(); w.close()
async def main():
    s = await asyncio.start_server(echo, "127.0.0.1", 0)
    p = s.sockets[0].getsockname()[1]
    async def one(k):
        r, w = await asyncio.open_connection("127.0.0.1", p)
        w.write(b"hello %d\n" % k); x = await r.read(); w.close(); return x
    print(await asyncio.gather(*(one(k) for k in range(5)), asyncio.sleep(0.01)))
asyncio.run(main())
P
cat >processes.py <<'P'
import multiprocessing as mp, subprocess, os
def f(x): return x * x
if __name__ == "__main__":
    mp.set_start_method("fork")
    with mp.Pool(3) as p: print(p.map(f, range(20)))
    q = mp.Queue(); pr = mp.Process(target=q.put, args=([1, 2],)); pr.start(); print(q.get()); pr.join()
    print(subprocess.run(["/bin/echo", "sub"], capture_output=True).stdout)
    v = mp.Value("i", 0)
    def add():
        for _ in range(100):
            with v.get_lock(): v.value += 1
    ps = [mp.Process(target=add) for _ in range(3)]; [x.start() for x in ps]; [x.join() for x in ps]; print(v.value)
P
cat >sql.txt <<'S'
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000) insert into t select i, 'r' || (i * 7 % 101), i / 3.0 from n;
create index x on t(b);
select b, count(*), round(sum(c), 6) from t group by b order by 3 desc limit 7;
select max(length(hex(randomblob(8)))), sum(a), avg(c), group_concat(b, '-') from t where a < 20;
select json_extract('{"a":[1,2,{"b":3}]}', '$.a[2].b'), printf('%.12g', exp(1)), date(86400, 'unixepoch');
S
cat >prog.tcl <<'T'
set s 0; for {set i 0} {$i < 20000} {incr i} { incr s [expr {$i * $i % 13}] }; puts $s
puts [lsort -integer {5 3 9 1}]; puts [format %.6f [expr {sin(1.0) + 2 ** 0.5}]]; puts [expr {2 ** 200}]
T
printf 'all: x y\n\t@echo all $^\nx y:\n\t@echo making $@\n' >Makefile.in
[ -f rsa.pem ] || openssl genrsa -traditional 1024 >rsa.pem 2>/dev/null
