// Passkeys: a form with data-passkey="get" or "create" asks the browser, then is sent with what it answered.

const decoded = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encoded = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => (list || []).map((one) => ({ ...one, id: decoded(one.id) }));

async function ask(form) {
  const options = JSON.parse(form.dataset.options);
  options.challenge = decoded(options.challenge);
  if (form.dataset.passkey === "create") {
    options.user.id = decoded(options.user.id);
    options.excludeCredentials = named(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }
  options.allowCredentials = named(options.allowCredentials);
  return navigator.credentials.get({ publicKey: options });
}

function told(credential) {
  const response = { clientDataJSON: encoded(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = encoded(credential.response[name]);
  }
  const { id, type } = credential;
  return JSON.stringify({ id, type, rawId: encoded(credential.rawId), response });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    const problem = form.querySelector("[role=alert]");
    try {
      form.elements.credential.value = told(await ask(form));
      form.submit();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = form.dataset.refused;
    }
  });
}
