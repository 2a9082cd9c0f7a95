// The editor of a campaign: the preview follows what is typed, and a file is loaded into the source beside it.

const editor = document.getElementById("editor");
const show = document.getElementById("show");
let waiting = 0;

function again() {
  window.clearTimeout(waiting);
  waiting = window.setTimeout(() => editor.requestSubmit(show), 700);
}

async function load(input) {
  const file = input.files[0];
  if (!file) return;
  const name = input.dataset.load;
  document.getElementById(`${name}_source`).value = await file.text();
  const format = file.name.endsWith(".mjml") ? "mjml" : "html";
  editor.querySelector(`input[name="${name}_format"][value="${format}"]`).checked = true;
  editor.dispatchEvent(new Event("input", { bubbles: true }));
}

editor.addEventListener("input", again);
document.querySelector(".beside").addEventListener("change", (event) => {
  if (event.target.form === editor) again();
});
for (const input of document.querySelectorAll("input[data-load]")) input.addEventListener("change", () => load(input));
again();
