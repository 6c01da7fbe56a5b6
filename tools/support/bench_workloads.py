"""The workloads of tools/bench: what flowrun, DuckDB and chDB are asked to do. %(input)s and %(output)s are filled in."""

import json

CHANNELS = [f"ch_{i:02d}" for i in range(20)]
COLUMNS = '{ ts = "timestamptz", device = "string", channel = "string", value = "float64" }'
SOURCE = f"""
[sources.readings]
type    = "csv"
path    = "%(input)s"
columns = {COLUMNS}
"""
SCAN = SOURCE + """
[sinks.nothing]
type  = "null"
input = "readings"
"""
PIVOT = """
[window]
column   = "ts"
every    = "10s"
lateness = "%(lateness)s"
""" + SOURCE + f"""
[transforms.wide]
type    = "pivot"
input   = "readings"
index   = ["ts", "device"]
name    = "channel"
value   = "value"
columns = {json.dumps(CHANNELS)}

[sinks.out]
type  = "csv"
input = "wide"
path  = "%(output)s"
"""

FILTER = SOURCE + """
[transforms.high]
type  = "filter"
input = "readings"
where = "value > 50 and channel <> 'ch_07'"
[transforms.scaled]
type    = "derive"
input   = "high"
columns = { scaled = "value * 1.8 + 32", hour = "date_trunc('hour', ts)" }
[sinks.out]
type  = "csv"
input = "scaled"
path  = "out.csv"
"""
AGGREGATE = SOURCE + """
[transforms.groups]
type   = "aggregate"
input  = "readings"
by     = ["device", "channel"]
values = ["count(*) as n", "avg(value) as mean", "min(value) as least", "max(value) as most"]
[sinks.out]
type  = "csv"
input = "groups"
path  = "out.csv"
"""

LATEST = """
[limits]
memory = "2 GiB"
""" + SOURCE + """
[transforms.latest]
type     = "dedup"
input    = "readings"
key      = %(key)s
order_by = "%(order)s"
memory   = "1536 MiB"
[sinks.out]
type  = "csv"
input = "latest"
path  = "out.csv"
"""
LATEST_TO_NOTHING = LATEST.replace("""type  = "csv"
input = "latest"
path  = "out.csv"
""", """type  = "null"
input = "latest"
""")
OBJECTS = SOURCE.replace('"csv"', '"ndjson"') + """
[sinks.out]
type  = "csv"
input = "readings"
path  = "out.csv"
"""
NOTES = SOURCE.replace('value = "float64"', 'value = "float64", note = "string"') + """
[sinks.nothing]
type  = "null"
input = "readings"
[sinks.bad]
type  = "ndjson"
input = "readings.rejected"
path  = "bad.ndjson"
"""

# DuckDB at its best: types given instead of sniffed, all cores, no order to keep, the value's column by `first`.
READ = ("read_csv('%(input)s', header = true, auto_detect = false, delim = ',', quote = '\"', columns = "
        "{'ts': 'TIMESTAMPTZ', 'device': 'VARCHAR', 'channel': 'VARCHAR', 'value': 'DOUBLE'})")
PEER_SCAN = "SELECT count(ts), count(device), count(channel), sum(value) FROM " + READ
PEER_PIVOT = (f"COPY (PIVOT {READ} ON channel IN ({', '.join(repr(c) for c in CHANNELS)}) "
              "USING first(value) GROUP BY ts, device) TO '%(output)s' (FORMAT csv, HEADER)")
PEER_FILTER = ("COPY (SELECT *, value * 1.8 + 32 AS scaled, date_trunc('hour', ts) AS hour FROM " + READ +
               " WHERE value > 50 AND channel <> 'ch_07') TO '%(output)s' (FORMAT csv, HEADER)")
PEER_AGGREGATE = ("COPY (SELECT device, channel, count(*) AS n, avg(value) AS mean, min(value) AS least, max(value) AS most "
                  "FROM " + READ + " GROUP BY ALL) TO '%(output)s' (FORMAT csv, HEADER)")
PEER_LATEST = ("COPY (SELECT ts, device, channel, max(value) AS value FROM " + READ +
               " GROUP BY ALL) TO '%(output)s' (FORMAT csv, HEADER)")
PEER_LATEST_TO_NOTHING = ("SELECT count(ts), count(device), count(channel), sum(value) FROM (SELECT ts, device, channel, "
                          "max(value) AS value FROM " + READ + " GROUP BY ALL)")
PEER_LATEST_FEW = ("COPY (SELECT max(ts) AS ts, device, channel, arg_max(value, ts) AS value FROM " + READ +
                   " GROUP BY device, channel) TO '%(output)s' (FORMAT csv, HEADER)")
PEER_OBJECTS = ("COPY (SELECT * FROM read_json('%(input)s', format = 'newline_delimited', columns = "
                "{'ts': 'TIMESTAMPTZ', 'device': 'VARCHAR', 'channel': 'VARCHAR', 'value': 'DOUBLE'})) "
                "TO '%(output)s' (FORMAT csv, HEADER)")
PEER_NOTES = ("SELECT count(ts), count(device), count(channel), sum(value), count(note) FROM read_csv('%(input)s', header = "
              "true, auto_detect = false, delim = ',', quote = '\"', new_line = '\\r\\n', ignore_errors = true, columns = "
              "{'ts': 'TIMESTAMPTZ', 'device': 'VARCHAR', 'channel': 'VARCHAR', 'value': 'DOUBLE', 'note': 'VARCHAR'})")
# chDB at its best: types given, strings of few values as dictionaries, all cores.
CH_ROWS = ("ts DateTime(''UTC''), device LowCardinality(String), channel LowCardinality(String), value Float64"
           .replace("''", "\\'"))
CH_READ = f"file('%(input)s', 'CSVWithNames', '{CH_ROWS}')"
CH_JSON = f"file('%(input)s', 'JSONEachRow', '{CH_ROWS}')"
CH_WRITE = "INSERT INTO FUNCTION file('%(output)s', 'CSVWithNames') "
CH_SCAN = f"SELECT count(ts), count(device), count(channel), sum(value) FROM {CH_READ}"
CH_FILTER = (CH_WRITE + "SELECT *, value * 1.8 + 32 AS scaled, toStartOfHour(ts) AS hour FROM " + CH_READ +
             " WHERE value > 50 AND channel <> 'ch_07'")
CH_AGGREGATE = (CH_WRITE + "SELECT device, channel, count(*) AS n, avg(value) AS mean, min(value) AS least, max(value) AS "
                "most FROM " + CH_READ + " GROUP BY device, channel")
CH_LATEST = CH_WRITE + "SELECT ts, device, channel, max(value) AS value FROM " + CH_READ + " GROUP BY ts, device, channel"
CH_LATEST_TO_NOTHING = ("SELECT count(ts), count(device), count(channel), sum(value) FROM (SELECT ts, device, channel, "
                        "max(value) AS value FROM " + CH_READ + " GROUP BY ts, device, channel)")
CH_LATEST_FEW = (CH_WRITE + "SELECT max(t.ts) AS ts, device, channel, argMax(t.value, t.ts) AS value FROM " + CH_READ +
                 " AS t GROUP BY device, channel")
CH_OBJECTS = CH_WRITE + "SELECT * FROM " + CH_JSON
