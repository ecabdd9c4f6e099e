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

CREATE TABLE made (
	item   INTEGER NOT NULL REFERENCES items,
	stage  TEXT NOT NULL,
	name   TEXT NOT NULL,
	type   TEXT NOT NULL,
	size   INTEGER NOT NULL,
	sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
	PRIMARY KEY (item, stage, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE answers (
	item  INTEGER NOT NULL REFERENCES items,
	name  TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (item, name)
) STRICT, WITHOUT ROWID;

ALTER TABLE records ADD COLUMN first TEXT NOT NULL DEFAULT ''; -- as it was before a stage changed it; empty if none did

ALTER TABLE items ADD COLUMN files INTEGER NOT NULL DEFAULT 0; -- 1: a mail with files in it

UPDATE items SET files = 1 WHERE kind = 'mail' AND id IN (SELECT item FROM records WHERE instr(record, '"role":"attachment"') > 0);

CREATE INDEX items_read ON items (collection) WHERE kind <> 'mail' OR files = 1;
