-- SPDX-License-Identifier: Apache-2.0
-- Task instances are listed by map index unless another order is asked for. Those that are not mapped lie in the order
-- of their keys; the others are walked along this.
CREATE INDEX task_instances_mapped ON task_instances (map_index) WHERE map_index >= 0;
