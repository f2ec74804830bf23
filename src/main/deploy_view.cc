// SPDX-License-Identifier: Apache-2.0
#include "main/deploy_view.h"

#include "base/json.h"

namespace leoflow {

EventLog audit_of(const DeploymentRequest& request, const DeployedDag& dag, Time now) {
  json::object extra{{"project", request.project},
                     {"file", request.file},
                     {"archive", request.archive},
                     {"commit", request.commit},
                     {"image", request.image}};
  extra["version_number"] = dag.version_number;
  extra["label"] = dag.label;
  extra["created"] = dag.created;
  extra["current"] = dag.current;
  return {.when = now,
          .event = dag.removed ? "retire_dag" : "deploy_dag_version",
          .dag_id = dag.dag_id,
          .owner = request.username,
          .extra = json::dump(json::value(extra)),
          .object = "dag:" + dag.dag_id,
          .address = request.address};
}

}  // namespace leoflow
