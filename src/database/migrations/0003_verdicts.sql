-- Plausibility and reuse. The rules of 0001 hold here too: TEXT and BIGINT only, no NULL, empty or
-- zero is "none", UTC microseconds, flags 0 or 1.

-- verdicts: a JSON array, made with the submission and never changed; empty: it is older than they are.
-- vehicle_guid, duration_ms: what later submissions are compared with, beside lat_e8 and long_e8, without
-- reading the facts of each; vehicle_guid is the report's at that time, duration_ms 0 is unknown.
ALTER TABLE submissions ADD COLUMN verdicts TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN vehicle_guid TEXT NOT NULL DEFAULT '';
ALTER TABLE submissions ADD COLUMN duration_ms BIGINT NOT NULL DEFAULT 0;
UPDATE submissions SET vehicle_guid = COALESCE((SELECT reports.vehicle_guid FROM reports
    WHERE reports.ref_key = submissions.ref_key), '');
-- The latest few of a vehicle, and of a company.
CREATE INDEX submissions_by_vehicle ON submissions (company_id, vehicle_guid, turn);
CREATE INDEX submissions_by_company ON submissions (company_id, turn);

-- Of the media payload alone, which survives a re-tagging; empty: unknown.
ALTER TABLE videos ADD COLUMN media_sha256 TEXT NOT NULL DEFAULT '';
CREATE INDEX videos_by_media ON videos (company_id, media_sha256) WHERE media_sha256 <> '';

-- How many stored videos of a company have this hash, of the whole file or of the media payload. Its
-- row is locked until the commit: of two uploads of the same bytes at once, the second one sees the
-- first. Most often it says "nobody before", and then nothing more has to be looked up.
CREATE TABLE fingerprints (
    company_id BIGINT NOT NULL,
    hash TEXT NOT NULL,
    videos BIGINT NOT NULL,
    PRIMARY KEY (company_id, hash)
);
INSERT INTO fingerprints (company_id, hash, videos)
    SELECT company_id, sha256, COUNT(*) FROM videos GROUP BY company_id, sha256;

-- head_sha256: of the first 64 KiB of an upload that was refused, so that the same bytes are refused
-- before they are sent again. A statement that uses the index says state = 'refused' in so many words.
-- refused_under: the fingerprint of the rules by which it was refused; empty: the refusal says nothing of
-- the file itself, but of what came.
ALTER TABLE uploads ADD COLUMN head_sha256 TEXT NOT NULL DEFAULT '';
ALTER TABLE uploads ADD COLUMN refused_under TEXT NOT NULL DEFAULT '';
CREATE INDEX uploads_refused ON uploads (ref_key, created_at) WHERE state = 'refused';
