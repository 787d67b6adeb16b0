// Shows the document of this server. The validator badge is off: it would load from another host.

// Requests go to the host from which the page was loaded: the Content-Security-Policy allows no other, and the
// public URL may not be reachable from here.
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
  // Schemas are collapsed below the routes.
  defaultModelsExpandDepth: 0,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [OwnServer],
});
