// The API's document, as Swagger UI shows it.
"use strict";

SwaggerUIBundle({
  url: "/v1/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "list",
  validatorUrl: null, // nothing is sent to anybody
});
