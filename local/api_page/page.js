// Shows openapi.yaml, with this machine's base URL instead of the one that the contract names.
(async () => {
  const { api } = await (await fetch("settings.json")).json();
  const ui = SwaggerUIBundle({
    url: "openapi.yaml",
    dom_id: "#api",
    deepLinking: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    // Else it would send the contract to a host outside to have it checked.
    validatorUrl: null,
    onComplete: () => {
      const contract = ui.specSelectors.specJson().toJS();
      if (contract.servers?.[0]?.url !== api) {
        ui.specActions.updateJsonSpec({ ...contract, servers: [{ url: api, description: "This machine" }] });
      }
    },
  });
})();
