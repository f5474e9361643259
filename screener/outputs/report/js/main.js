// Routes by the address after #: one section at a time, the heading focused after a move.
const SECTIONS = ["overview", "findings", "patient", "rules", "sites", "trends", "quality", "about"]
  .filter((name) => document.getElementById(name)); // a copy to share has fewer

function showSection(name) {
  for (const id of SECTIONS) document.getElementById(id).hidden = id !== name;
  document.documentElement.dataset.view = name;
  const tab = name === "patient" ? "findings" : name;
  for (const link of document.querySelectorAll(".tabs a")) {
    if (link.getAttribute("href") === `#${tab}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function moveTo(app, move) {
  const [path, query = ""] = location.hash.slice(1).split("?");
  app.redraw = () => {};
  if (path === "main") return;
  if (path.startsWith("finding/")) {
    showSection("patient");
    app.redraw = showPatient(app.data, path.slice(8), addressOfFilters(app.listing.filters));
  } else if (path === "findings") {
    showSection("findings");
    if (query || !app.listed || location.hash !== addressOfFilters(app.listing.filters)) app.listing.open(query);
    app.listed = true;
  } else if (path.startsWith("rule-") && document.getElementById(path)) {
    showSection("rules");
    document.getElementById(path).scrollIntoView();
    return;
  } else {
    showSection(SECTIONS.includes(path) && path !== "patient" ? path : "overview");
  }
  scrollTo(0, 0);
  if (!move) return;
  const section = document.querySelector("main > .page:not([hidden])");
  section.querySelector("h1").focus({ preventScroll: true });
}

function failed(reason) {
  const plain = document.getElementById("plain");
  plain.prepend(el("p", null, el("strong", null, `The packed list could not be opened (${reason}).`)));
}

async function start() {
  const node = document.getElementById("packed");
  const data = await unpack(node.textContent);
  node.remove();
  MONTHS = data.facts.months;
  KEPT = new RegExp(data.facts.kept, "gu");
  const app = { data, listing: makeListing(data), redraw: () => {} };
  document.getElementById("plain").remove();
  document.getElementById("listing").hidden = false;
  addEventListener("hashchange", () => moveTo(app, true));
  let timer = 0;
  addEventListener("resize", () => { clearTimeout(timer); timer = setTimeout(() => app.redraw(), 150); });
  moveTo(app, false);
  // The browser itself scrolls to the section once the page is loaded; undo it.
  if (!location.hash.startsWith("#rule-")) addEventListener("load", () => scrollTo(0, 0));
  requestAnimationFrame(() => moveTo(app, false));
  document.documentElement.dataset.ready = "yes";
  performance.mark("ready");
}

start().catch((problem) => failed(problem.name || "unknown reason"));
