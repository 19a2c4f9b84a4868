-- The tables of Galv 2 that the mapping reads, with the columns that it needs; the values are invented.
CREATE TABLE galv_cellmodels (id integer PRIMARY KEY, value text NOT NULL);
CREATE TABLE galv_cellmanufacturers (id integer PRIMARY KEY, value text NOT NULL);
CREATE TABLE galv_cellchemistries (id integer PRIMARY KEY, value text NOT NULL);
CREATE TABLE galv_cellformfactors (id integer PRIMARY KEY, value text NOT NULL);
CREATE TABLE galv_cellfamily (
  uuid char(36) PRIMARY KEY, manufacturer_id integer, model_id integer NOT NULL, chemistry_id integer,
  form_factor_id integer, datasheet varchar(200), nominal_voltage double precision,
  nominal_capacity double precision, initial_ac_impedance double precision,
  initial_dc_resistance double precision, energy_density double precision, power_density double precision);
CREATE TABLE galv_cell (uuid char(36) PRIMARY KEY, identifier text NOT NULL UNIQUE, family_id char(36) NOT NULL);

INSERT INTO galv_cellmodels VALUES (1, 'P-21700');
INSERT INTO galv_cellmanufacturers VALUES (1, 'Example Cells');
INSERT INTO galv_cellchemistries VALUES (1, 'NMC');
INSERT INTO galv_cellformfactors VALUES (1, 'Cylindrical');
INSERT INTO galv_cellfamily VALUES ('2f6c1f0e-6f0f-4ac0-9d3e-0c6f4f6b7a01', 1, 1, 1, 1,
  'https://example.org/p-21700.pdf', 3.6, 5, 0.0205, NULL, 265.5, NULL);
INSERT INTO galv_cell VALUES ('9a0e3c52-59a5-4c5e-8b8a-1f5d5a0d0002', 'P-0002', '2f6c1f0e-6f0f-4ac0-9d3e-0c6f4f6b7a01');
INSERT INTO galv_cell VALUES ('10b7f7c4-7f5e-4d36-9b74-6d0f2f3a0001', 'P-0001', '2f6c1f0e-6f0f-4ac0-9d3e-0c6f4f6b7a01');
