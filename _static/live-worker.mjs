// Python in a worker of its own, so that a page answers while it computes, and can end it.
// Not `.js`: every script of that name is put on every page.

const DISTRIBUTION = "https://cdn.jsdelivr.net/pyodide/v0.27.7/full/";
// The browser refuses a file with another digest. Those of the packages are in the last one.
const CORE = {
  "pyodide.mjs": "sha384-z8L8kZDaddEtk+VNtmPcXLY83XSVlBjlabpCtT6GghMW3jSyzOEzNsL9BiKsfjcL",
  "pyodide.asm.js": "sha384-J3SxzZJh4tkb2bgoUc72zArF45FJ+ngsbiqNsmxqkkecNVpZ/bUHAM0JMp+YPVpx",
  "pyodide.asm.wasm": "sha384-wDap6JvXxf3C8g5beY3kd1xMIjAtw/oTKjTqGltdxc+B9VXnYyYBoM7hveNKilxM",
  "python_stdlib.zip": "sha384-VLeJs79hxVEBNt1hRU5Wo7VmBcyb4sdW564EJAvEWDin3Aa3QXLHm3E5mOg2GiFH",
  "pyodide-lock.json": "sha384-1cFE0bj3+mm1a83kcqiWxoaBhrf6jPPJJORlx1TComnZ0WaHwE4znlohwPXL5tUL",
};
const FOLDER = "/course/chapters"; // where a notebook runs

const here = (path) => new URL(path, import.meta.url).href;
const tell = (kind, more) => postMessage({ kind, ...more });

async function get(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} for ${address}`);
  return answer;
}

const bytes = async (path) => (await get(here(path))).arrayBuffer();

// Pyodide fetches its files itself: here each fetch of one of them gets its digest.
function check(distribution) {
  const plain = self.fetch;
  self.fetch = (what, how) => {
    const address = String(what.url ?? what);
    const name = address.startsWith(distribution) && address.slice(distribution.length);
    return plain(what, CORE[name] ? { ...how, integrity: CORE[name] } : how);
  };
}

// An imported script can have no digest: it is fetched, checked, and imported from memory.
async function script(address) {
  const text = await (await get(address)).text();
  return import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
}

async function start(page) {
  tell("status", { text: "Loading Python (the first time some 20 MB) …" });
  const book = await (await get(here("live/book.json"))).json();
  const data = await (await get(here(`live/${page}.json`))).json();
  const inPlace = Promise.all([
    ...book.wheels.map((name) => bytes(`live/${name}`)),
    ...data.texts.map((name) => bytes(`live/${name}.zip`)),
  ]);
  const results = Promise.all(data.results.map((name) => bytes(`live/results/${name}`)));
  const code = bytes("kernel.py");
  const indexURL = book.pyodide ? here(book.pyodide) : DISTRIBUTION;
  check(indexURL);
  await script(`${indexURL}pyodide.asm.js`); // Pyodide would import it, unchecked
  const { loadPyodide } = await script(`${indexURL}pyodide.mjs`);
  const python = await loadPyodide({ indexURL, env: { HOME: "/home/pyodide", MPLBACKEND: "agg" } });

  tell("status", { text: `Loading ${book.packages.join(" and ")} …` });
  const failed = [];
  const errorCallback = (text) => failed.push(text);
  await python.loadPackage(book.packages, { messageCallback: () => {}, errorCallback });
  if (failed.length) throw new Error(failed.join("; "));

  tell("status", { text: "Loading the course …" });
  const site = python.runPython("import site; site.getsitepackages()[0]");
  for (const zip of await inPlace) python.unpackArchive(zip, "zip", { extractDir: site });
  python.FS.mkdirTree(FOLDER);
  python.FS.mkdirTree("/course/experiments");
  for (const [i, result] of (await results).entries()) {
    python.FS.writeFile(`/course/experiments/${data.results[i]}`, new Uint8Array(result));
  }
  python.FS.writeFile(`${site}/kernel.py`, new Uint8Array(await code));
  python.FS.chdir(FOLDER);
  const { in_page } = python.pyimport("kernel");
  return in_page(JSON.stringify(data), python.globals, output);
}

// What is printed is sent in pieces, at most ten times a second.
let printed = "";
let sent = 0;

function flush() {
  if (printed) tell("output", { part: "stream", text: printed });
  printed = "";
  sent = Date.now();
}

function output(part, text) {
  if (part === "stream") printed += text;
  if (part !== "stream" || Date.now() - sent > 100) flush();
  if (part !== "stream") tell("output", { part, text });
}

let ready; // a promise of the kernel

async function run({ page, id, above, texts }) {
  const kernel = await (ready ??= start(page).catch((error) => {
    throw new Error(`Python did not start: ${error.message}`);
  }));
  if (!id) return;
  kernel.edit(JSON.stringify(texts));
  for (const next of kernel.plan(id, above).toJs()) {
    tell("start", { id: next });
    const done = kernel.run(next);
    flush();
    tell("end", { id: next, done });
    if (!done) break;
  }
}

let queue = Promise.resolve();

onmessage = ({ data }) => {
  queue = queue.then(() => run(data)).then(
    () => tell("done"),
    (error) => tell("failed", { text: String(error.message ?? error) }),
  );
};
