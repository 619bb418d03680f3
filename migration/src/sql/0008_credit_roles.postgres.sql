-- A person or a production has few credits: those of some roles are found among all of them in an
-- index that holds the role too. One for each order and role again was half of what the credits'
-- indexes took, in bytes and in time.
DROP INDEX ix_credit_production_id_position;
DROP INDEX ix_credit_production_id_role_position;
CREATE INDEX ix_credit_production_id_position ON credit (production_id, position, id, role);
DROP INDEX ix_credit_person_id_released_on;
DROP INDEX ix_credit_person_id_role_released_on;
CREATE INDEX ix_credit_person_id_released_on ON credit (person_id, released_on, id, role);
