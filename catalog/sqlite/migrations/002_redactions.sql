CREATE TABLE redactions (
	item   INTEGER NOT NULL REFERENCES items,
	reason TEXT NOT NULL,
	spec   TEXT NOT NULL, -- what is hidden, as release writes it
	UNIQUE (item, reason, spec)
) STRICT;

ALTER TABLE items ADD COLUMN amended INTEGER NOT NULL DEFAULT 0; -- 1: out, and not as it is to be shown

ALTER TABLE batches ADD COLUMN edition INTEGER NOT NULL DEFAULT 0; -- 0 before it is published

UPDATE batches SET edition = 1 WHERE state = 'published';
