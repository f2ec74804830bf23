-- SPDX-License-Identifier: Apache-2.0
-- What an attempt's processes took of their machine; NULL when nobody looked.

ALTER TABLE attempts ADD COLUMN cpu_us            INTEGER;
ALTER TABLE attempts ADD COLUMN memory_peak_bytes INTEGER;
