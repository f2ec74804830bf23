-- SPDX-License-Identifier: Apache-2.0
-- Since when the place of an attempt had waited for it; NULL when it was made for the attempt.

ALTER TABLE attempts ADD COLUMN held_since INTEGER;
