// Shows the document of this server. The validator badge is off: it would load from another host.

// Requests go to the address under which the page was opened: the policy of the page allows no other, and the
// public address may not be reachable from here.
const here = { url: new URL("./", window.location.href).href.replace(/\/$/, ""), description: "This page" };
const OwnServer = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (document) => update({ ...document, servers: [here] }),
      },
    },
  },
});

window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#document",
  deepLinking: true,
  validatorUrl: null,
  displayRequestDuration: true,
  // The routes first; the schemas below them are folded.
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [OwnServer],
});
