-- DO NOT EDIT. The whole schema as the migrations make it: go test ./catalog/sqlite -update

CREATE TABLE answers (
	item  INTEGER NOT NULL REFERENCES items,
	name  TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (item, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
	collection INTEGER NOT NULL REFERENCES collections,
	number     INTEGER NOT NULL CHECK (number > 0),
	state      TEXT NOT NULL,
	published  INTEGER NOT NULL,
	manifest   BLOB NOT NULL,
	log_size   INTEGER NOT NULL, edition INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (collection, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE collections (
	id             INTEGER PRIMARY KEY,
	name           TEXT NOT NULL UNIQUE,
	title          TEXT NOT NULL,
	series         TEXT NOT NULL,
	description    TEXT NOT NULL,
	promised       INTEGER NOT NULL,
	promised_by    TEXT NOT NULL,
	promise_source TEXT NOT NULL,
	secret         BLOB NOT NULL CHECK (length(secret) = 32),
	created        INTEGER NOT NULL
) STRICT;

CREATE TABLE commitments (
	collection INTEGER NOT NULL REFERENCES collections,
	k          INTEGER NOT NULL,
	first      INTEGER NOT NULL,
	count      INTEGER NOT NULL CHECK (count > 0),
	root       BLOB NOT NULL CHECK (length(root) = 32),
	log_size   INTEGER NOT NULL,
	time       INTEGER NOT NULL,
	PRIMARY KEY (collection, k)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
	id         INTEGER PRIMARY KEY,
	time       INTEGER NOT NULL,
	collection INTEGER NOT NULL REFERENCES collections,
	act        TEXT NOT NULL,
	subject    TEXT NOT NULL,
	who        TEXT NOT NULL,
	why        TEXT NOT NULL
) STRICT;

CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions
BEGIN SELECT raise(ABORT, 'decisions are only ever added'); END;

CREATE TRIGGER decisions_stand BEFORE UPDATE ON decisions
BEGIN SELECT raise(ABORT, 'decisions are only ever added'); END;

CREATE TABLE files (
	id       INTEGER PRIMARY KEY,
	trove    INTEGER NOT NULL REFERENCES troves,
	path     TEXT NOT NULL,
	sha256   BLOB NOT NULL CHECK (length(sha256) = 32),
	size     INTEGER NOT NULL,
	type     TEXT NOT NULL,
	progress INTEGER NOT NULL,
	done     INTEGER NOT NULL,
	warnings TEXT NOT NULL, -- JSON list of trove.Warning, or empty
	UNIQUE (trove, path, sha256)
) STRICT;

CREATE TABLE items (
	id          INTEGER PRIMARY KEY,
	collection  INTEGER NOT NULL REFERENCES collections,
	sha256      BLOB NOT NULL CHECK (length(sha256) = 32),
	size        INTEGER NOT NULL,
	span_blob   BLOB NOT NULL,
	span_offset INTEGER NOT NULL,
	span_length INTEGER NOT NULL,
	span_rule   TEXT NOT NULL,
	text_blob   BLOB NOT NULL,
	text_offset INTEGER NOT NULL,
	text_length INTEGER NOT NULL,
	kind        TEXT NOT NULL,
	sort_date   INTEGER NOT NULL,
	message_id  TEXT NOT NULL,
	content     BLOB NOT NULL,
	unreadable  INTEGER NOT NULL,
	state       TEXT NOT NULL,
	reason      TEXT NOT NULL,
	alone       INTEGER NOT NULL, -- 1: excluded by itself, not with its trove
	number      INTEGER NOT NULL,
	batch       INTEGER NOT NULL CHECK (batch = 0 OR number > 0),
	edition     INTEGER NOT NULL,
	thread      TEXT NOT NULL,
	copy_of     INTEGER NOT NULL,
	tree_root   BLOB NOT NULL,
	segments    INTEGER NOT NULL
, amended INTEGER NOT NULL DEFAULT 0, files INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE UNIQUE INDEX items_sha256 ON items (collection, sha256);

CREATE UNIQUE INDEX items_number ON items (collection, number) WHERE number > 0;

CREATE INDEX items_waiting ON items (collection) WHERE number = 0;

CREATE INDEX items_batch ON items (collection, batch, number) WHERE batch > 0;

CREATE INDEX items_read ON items (collection) WHERE kind <> 'mail' OR files = 1;

CREATE TABLE made (
	item   INTEGER NOT NULL REFERENCES items,
	stage  TEXT NOT NULL,
	name   TEXT NOT NULL,
	type   TEXT NOT NULL,
	size   INTEGER NOT NULL,
	sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
	PRIMARY KEY (item, stage, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE occurrences (
	item   INTEGER NOT NULL REFERENCES items,
	file   INTEGER NOT NULL REFERENCES files,
	path   TEXT NOT NULL,
	start  INTEGER NOT NULL,
	length INTEGER NOT NULL,
	rule   TEXT NOT NULL,
	owner  TEXT NOT NULL,
	PRIMARY KEY (item, file, path, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE outcomes (
	item           INTEGER NOT NULL REFERENCES items,
	stage          TEXT NOT NULL,
	state          TEXT NOT NULL,
	cause          TEXT NOT NULL,
	maker          TEXT NOT NULL,
	reading_blob   BLOB NOT NULL,
	reading_offset INTEGER NOT NULL,
	reading_length INTEGER NOT NULL,
	findings       TEXT NOT NULL, -- JSON: how many of each code; empty for none
	sum            BLOB NOT NULL,
	again          INTEGER NOT NULL, -- 1: to be done again
	UNIQUE (item, stage)
) STRICT;

CREATE INDEX outcomes_open ON outcomes (stage, item) WHERE again = 1 OR state = 'waiting';

CREATE TABLE people (
	collection INTEGER NOT NULL REFERENCES collections,
	address    TEXT NOT NULL,
	names      TEXT NOT NULL, -- JSON list
	sent       INTEGER NOT NULL,
	received   INTEGER NOT NULL,
	PRIMARY KEY (collection, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
	item   INTEGER PRIMARY KEY REFERENCES items,
	record TEXT NOT NULL -- JSON of trove.Record
, first TEXT NOT NULL DEFAULT '') STRICT;

CREATE TABLE redactions (
	item   INTEGER NOT NULL REFERENCES items,
	reason TEXT NOT NULL,
	spec   TEXT NOT NULL, -- what is hidden, as release writes it
	UNIQUE (item, reason, spec)
) STRICT;

CREATE TABLE troves (
	id         INTEGER PRIMARY KEY,
	collection INTEGER NOT NULL REFERENCES collections,
	path       TEXT NOT NULL,
	owner      TEXT NOT NULL,
	started    INTEGER NOT NULL,
	ended      INTEGER NOT NULL,
	done       INTEGER NOT NULL,
	excluded   TEXT NOT NULL, -- why it was taken out; empty while it is in
	UNIQUE (collection, path, owner)
) STRICT;
