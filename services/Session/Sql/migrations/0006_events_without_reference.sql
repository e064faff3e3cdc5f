-- The statement that appends events has taken their session's row, and the one that removes a session takes its events along: the check of each
-- event against its session could find nothing, and cost as much as the event.
ALTER TABLE session.events DROP CONSTRAINT events_session;
