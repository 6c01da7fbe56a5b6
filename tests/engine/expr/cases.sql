-- arithmetic of whole numbers
a + b
a - b
a * b
a / b
a % b
mod(a, b)
-a
+a
abs(a)
a + 1
a - 1
a * 2
a / 2
a / 0
a % 0
1 + 2 * 3
(1 + 2) * 3
7 / 2
-7 / 2
-7 % 3
7 % -3
b & 6
b | 8
b # 3
a + b * 2 - 1
-(-b)
a::bigint + 9223372036854775807
-- exact decimals
n + m
n - m
n * m
n + 1
n * 2
n - a % 100
m / 4
m % 3
n % m
n + 0.1
0.1 + 0.2
1.5 * 1.5
10 / 4.0
round(n)
round(n, 1)
round(n, 2)
round(n, -2)
round(n, 5)
round(2.5)
round(-2.5)
round(3.14159, 3)
trunc(n)
trunc(n, 1)
trunc(-2.7)
ceil(n)
ceiling(n)
floor(n)
abs(n)
-n
sign(n)
n * m * 2
(n + m) * 1.10
m * 100 - n
1234567890123456789.12 + 0.01
0.1 * 3 = 0.3
n > 1
n = 0.5
n < m
n >= m
m <> 2.5
m = 2.50
n between 0 and 10
-- doubles
x + y
x - y
x * y
x / y
x / 0
-x
abs(x)
x * 2
x + a % 100
x + n
sqrt(abs(y))
sqrt(y)
power(y, 2)
y ^ 2
2 ^ 10
power(2, 0.5)
exp(y * 0)
ln(y)
log(y)
ceil(x)
floor(x)
round(x)
round(0.5::float8)
round(1.5::float8)
round(2.5::float8)
trunc(x)
sign(y)
x = x
x > y
x < y
x >= 'NaN'
x = 'NaN'::float8
x < 'Infinity'
x <> y
1e300 * 1e10
1e-5 + 1
0.1::float8 + 0.2::float8
1::float8 / 3
-- comparisons and three-valued logic
a = b
a <> b
a != b
a < b
a <= 7
a > b
a >= 0
a = null
a is null
a is not null
b is null or a > b
a > b and b is not null
f and g
f or g
not f
f is true
f is not true
f is false
f is not false
f is unknown
f is not unknown
f = g
f and null
f or null
null or true
null and false
not null
a is distinct from b
a is not distinct from b
a is distinct from null
s is distinct from u
f is distinct from g
a in (1, 7, 42)
a not in (1, 7, 42)
a in (1, null)
a not in (1, null)
a in (b, 7)
s in ('hello world', 'Straße')
s not in ('x', 'y')
n in (0.5, 2.5)
b between 0 and 5
b not between 0 and 5
b between symmetric 5 and 0
b between 5 and 0
s between 'a' and 'i'
s = 'hello world'
s <> ''
s < u
s >= 'a'
a = 7.0
a < 1.5
x > a
f = true
f <> false
f < g
-- choices
case when a > 0 then 'plus' when a < 0 then 'minus' else 'zero' end
case when a > 0 then 1 end
case a when 7 then 'seven' when 42 then 'answer' end
case when b <> 0 then a / b else 0 end
case when b = 0 then null else n / b > 1 end
case when f then 1 else 2.5 end
case when f then n else x end
coalesce(a, b)
coalesce(a, 0)
coalesce(n, m, 0)
coalesce(s, u, 'none')
coalesce(null, s)
coalesce(f, g, false)
coalesce(d, date '2000-01-01')
nullif(a, 7)
nullif(s, '')
nullif(b, 0)
a / nullif(b, 0)
greatest(a, b)
least(a, b)
greatest(a, b, 10)
least(n, m, 1)
greatest(s, u)
greatest(d, date '2000-01-01')
least(x, y)
greatest(null, a)
b <> 0 and a / b > 1
b = 0 or a / b > 1
-- casts
a::text
a::float8
a::numeric
a::numeric(30, 2)
b::boolean
f::int
f::text
n::text
n::int
n::float8
n::numeric(20, 1)
n::numeric(3, 1)
m::bigint
x::int
x::numeric(10, 2)
y::text
y::int
s::numeric(10, 2)
s::date
s::float8
u::int
cast(b as text)
cast('12' as int) + a % 10
'  12 '::int
'abc'::int
'1.5'::numeric + 1
'1e2'::numeric
'yes'::boolean
'off'::boolean
'maybe'::boolean
d::text
d::timestamp
t::date
z::date
t::timestamptz
z::timestamp
'2026-02-30'::date
'2026-02-28'::date + 1
'2026-01-01 10:00'::timestamp
'2026-01-01T10:00:00Z'::timestamptz
'2026-01-01 10:00:00+02'::timestamptz
int8 '5' + 1
date '2026-01-31' - date '2026-01-01'
2.5::int
3.5::int
(-2.5)::int
2.5::float8::int
3.5::float8::int
9999999999999::text
1e2::int
-- texts
s || u
s || '!'
'<' || a || '>'
s || a
n || ''
lower(s)
upper(s)
initcap(s)
lower('ÄÖÜ É')
upper('straße é')
length(s)
char_length(s)
octet_length(s)
reverse(s)
left(s, 3)
left(s, -2)
right(s, 3)
right(s, -2)
left(s, 0)
substring(s from 2)
substring(s from 2 for 3)
substring(s, 2, 3)
substr(s, 2)
substring(s from -1 for 4)
substring(s from 2 for -1)
substring(s from 'o.*')
substring(s from 'o(.)')
trim(s)
btrim(s)
ltrim(s)
rtrim(s)
trim(both ' ' from s)
trim(leading 'h' from s)
trim(trailing 'd' from s)
btrim(s, ' ah')
replace(s, 'o', '0')
replace(s, '', 'x')
replace(s, 'l', '')
translate(s, 'lo', 'L')
split_part(s, ' ', 1)
split_part(s, ' ', 2)
split_part(s, ' ', -1)
split_part(s, ' ', 9)
split_part(s, ' ', 0)
position('o' in s)
strpos(s, 'o')
strpos(s, '')
starts_with(s, 'he')
repeat(u, 3)
repeat(u, -1)
lpad(s, 5)
lpad(u, 5, '0')
lpad(u, 5, 'ab')
rpad(u, 5, '.')
rpad(s, 3)
concat(s, '-', u)
concat(a, null, f)
concat_ws(',', a, b, s)
concat_ws(null, a, b)
s like 'h%'
s like '%o%'
s like '_e%'
s not like '%o%'
s like 'a\_b\%c%'
s like 'a!_b%' escape '!'
s ilike 'HELLO%'
s not ilike '%WORLD'
s like ''
s like '%'
s like '%%d'
s like 'Stra_e'
s like u
s ~ '^h'
s ~ 'o.*o'
s !~ 'o'
s ~* 'HELLO'
s !~* 'HELLO'
regexp_like(s, 'l+')
regexp_like(s, 'L+', 'i')
regexp_replace(s, 'l', 'L')
regexp_replace(s, 'l', 'L', 'g')
regexp_replace(s, '(.)o', '\1\1', 'g')
regexp_replace(s, 'O', '0', 'gi')
regexp_substr(s, '[a-z]+')
regexp_replace(s, '[aeiou]', '<\&>', 'g')
md5(s)
md5('')
encode(sha256(r), 'hex')
encode(r, 'hex')
encode(r, 'base64')
decode('616263', 'hex')
length(r)
r = '\x61'
r
-- dates and times
d + 1
d - 1
1 + d
d - date '2026-01-01'
d + interval '1 month'
d - interval '1 day'
d > date '2000-01-01'
d = '1970-01-01'
d < t
d = t
t > z
t + interval '1 day'
t + interval '1 month'
t - interval '1 month'
t + interval '1 year 2 months 3 days 04:05:06'
t - interval '90 minutes'
interval '1 hour' + t
t - timestamp '2026-01-01'
z - timestamptz '2026-01-01 00:00:00+00'
z + interval '36 hours'
t + '1 hour'
(t - timestamp '2026-01-01')::text
(interval '1 day' * 2)::text
(interval '1 month' * 1.5)::text
(interval '1 day' / 4)::text
(2 * interval '45 minutes')::text
(-interval '1 day 2 hours')::text
(interval '1 year' + interval '3 months')::text
(interval '1 day' - interval '2 hours')::text
(interval '1 week 2 days 3 hours')::text
(interval '1.5 days')::text
(interval '10:20:30.25')::text
(interval 'P1Y2M3DT4H5M6S')::text
(interval '3 days ago')::text
interval '1 day' = interval '24 hours'
interval '1 month' > interval '29 days'
interval '30 days' = interval '1 month'
t - t = interval '0'
extract(epoch from interval '1 month 2 days')
extract(hour from interval '36 hours')
extract(day from interval '36 days')
date_trunc('hour', t)
date_trunc('day', t)
date_trunc('week', t)
date_trunc('month', t)
date_trunc('quarter', t)
date_trunc('year', t)
date_trunc('decade', t)
date_trunc('century', t)
date_trunc('millennium', t)
date_trunc('minute', t)
date_trunc('second', t)
date_trunc('milliseconds', t)
date_trunc('hour', z)
date_trunc('day', z, 'Europe/Berlin')
date_trunc('day', d)
date_trunc('century', d)
date_trunc('fortnight', t)
extract(year from t)
extract(month from t)
extract(day from t)
extract(hour from t)
extract(minute from t)
extract(second from t)
extract(epoch from t)
extract(epoch from z)
extract(dow from t)
extract(isodow from t)
extract(doy from t)
extract(week from t)
extract(isoyear from t)
extract(quarter from t)
extract(decade from t)
extract(century from t)
extract(millennium from t)
extract(microseconds from t)
extract(year from d)
extract(week from d)
extract(dow from d)
extract(doy from d)
date_part('hour', t)
date_part('year', d)
z at time zone 'Europe/Berlin'
z at time zone 'America/New_York'
z at time zone 'UTC'
t at time zone 'Europe/Berlin'
t at time zone 'UTC'
z at time zone '+02'
z at time zone 'Nowhere/Land'
(z at time zone 'Europe/Berlin')::date
d at time zone 'Europe/Berlin'
make_date(2026, 2, 28)
make_date(2026, 2, 30)
make_date(2020 + b::int, 1, 1)
to_timestamp(0)
to_timestamp(1.5)
greatest(t, timestamp '2026-01-01')
coalesce(t, d)
t between '2026-01-01' and '2026-12-31'
t in (timestamp '2000-01-01 12:00:00', timestamp '1999-12-31')
z = '2026-01-31 10:20:30.5Z'
-- nested and long
a > 0 and (b > 0 or n > 0) and not (s = '' or s is null)
coalesce(nullif(trim(s), ''), 'empty') || ':' || coalesce(a::text, '?')
case when s ~ '^\d{4}-\d\d-\d\d$' then s::date end
case when s ~ '^\d+(\.\d+)?$' then s::numeric(10, 2) * 2 end
round(coalesce(n, 0) * 1.19, 2)
upper(left(s, 1)) || lower(substr(s, 2))
extract(year from d) * 100 + extract(month from d)
a % 10 = 7 or a % 10 = -7
(a is null) = (b is null)
