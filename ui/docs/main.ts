// SPDX-License-Identifier: Apache-2.0
// /docs: the API's own document in a viewer, from this server alone.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";

SwaggerUI({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  // It would ask a server elsewhere.
  validatorUrl: null,
});
