// Live cells: a reader runs and changes the numpy cells of a page in the page. Python comes with
// the first Run, into a worker (live-worker.mjs); nothing leaves the reader's machine.
"use strict";

{
  const page = DOCUMENTATION_OPTIONS.pagename;
  const workerAddress = new URL("live-worker.mjs", document.currentScript.src);
  const cells = new Map(); // by id
  let worker = null;
  let waiting = 0; // messages that the worker has not answered
  let current = null; // the cell that runs
  let wrong = false; // whether the last words are of a failure
  let quiet = false; // a Python that nobody waits for starts

  const element = (tag, name, text = "") => {
    const made = document.createElement(tag);
    made.className = name;
    made.textContent = text;
    return made;
  };

  const button = (text, action) => {
    const made = element("button", "live-button", text);
    made.type = "button";
    made.addEventListener("click", action);
    return made;
  };

  // --- What the reader wrote, kept in this browser ---

  const key = (id) => `rnncourse/${page}/${id}`;

  const kept = (id) => {
    try { return localStorage.getItem(key(id)); } catch { return null; } // storage may be forbidden
  };

  const keep = (id, text) => {
    try {
      if (text === null) localStorage.removeItem(key(id));
      else localStorage.setItem(key(id), text);
    } catch { /* it is kept until the page is left */ }
    forget.hidden = ![...cells.values()].some((cell) => cell.written !== null);
  };

  // --- What a screen reader says, and everyone sees while Python is busy ---

  const panel = element("div", "live-panel");
  const status = element("span", "live-status");
  status.setAttribute("role", "status");
  const stopAll = button("Stop", () => stop());
  panel.append(status, stopAll);

  const say = (text, bad = false) => {
    const busy = waiting > 0;
    status.textContent = text;
    panel.hidden = !text;
    wrong = bad;
    panel.classList.toggle("wrong", bad);
    stopAll.hidden = !busy;
    panel.classList.toggle("live-busy", busy);
  };

  // --- The worker ---

  const startWorker = () => {
    worker = new Worker(workerAddress, { type: "module" });
    worker.onmessage = ({ data }) => answers[data.kind](data);
    worker.onerror = (event) => answers.failed({ text: event.message ?? "Python did not start." });
  };

  const send = (id, above) => {
    if (location.protocol === "file:") return say("Live cells need a server: make serve", true);
    if (!worker) startWorker();
    const texts = {};
    for (const cell of cells.values()) if (cell.written !== null) texts[cell.id] = cell.written;
    waiting += 1;
    quiet = false;
    worker.postMessage({ page, id, above, texts });
    if (waiting === 1) say("Starting …");
  };

  const answers = {
    status: ({ text }) => { if (!quiet) say(text); },
    start: ({ id }) => {
      current = cells.get(id);
      current.begin();
      say(`Running cell ${current.number} of ${cells.size} …`);
    },
    output: ({ part, text }) => current.show(part, text),
    end: ({ done }) => {
      current.finish(done);
      if (!done) say(`Cell ${current.number} ended with an error.`, true);
      else say(`Cell ${current.number} has run.`);
      current = null;
    },
    done: () => {
      waiting -= 1;
      if (!waiting) say(quiet ? "A new Python is ready." : status.textContent, wrong);
      setTimeout(() => { if (!waiting && !wrong) say(""); }, 3000);
    },
    failed: ({ text }) => {
      end();
      say(text, true);
    },
  };

  const end = () => {
    worker?.terminate();
    worker = null;
    waiting = 0;
    current?.finish(false);
    current = null;
    for (const cell of cells.values()) delete cell.place.dataset.ran;
  };

  // Python has no way to be interrupted here: it is ended, and another one started.
  const stop = () => {
    end();
    startWorker();
    worker.postMessage({ page });
    waiting = 1;
    quiet = true;
    say("Stopped. A new Python starts: cells have to run again.");
  };

  // --- A cell ---

  class Cell {
    constructor(place, number) {
      this.id = place.id.slice("cell-".length);
      this.place = place;
      this.number = number;
      this.live = place.classList.contains("live-cell");
      this.written = null; // the reader's text, where it differs from the book's
      this.box = place.querySelector(".cell_input .highlight");
      this.code = this.box?.querySelector("pre").textContent.replace(/\n$/, "") ?? "";
      this.output = place.querySelector(":scope > .cell_output");
      this.stored = [...(this.output?.children ?? [])]; // with what MathJax makes of captions
      this.were = new Map(); // a stored picture's own attributes
    }

    dress() {
      const asks = this.code.includes("exercises.check(") && !this.place.closest(".solution");
      this.verb = asks ? "Check" : "Run";
      this.bar = element("div", "live-bar");
      this.bar.setAttribute("role", "toolbar");
      this.bar.setAttribute("aria-label", `Cell ${this.number}`);
      this.runs = button(this.verb, () => (current === this ? stop() : send(this.id, false)));
      this.edits = button("Edit", () => this.edit());
      this.above = button("Run all above", () => send(this.id, true));
      this.resets = button("Reset", () => this.reset());
      this.edits.hidden = !this.box;
      this.resets.hidden = true;
      this.bar.append(this.resets, this.above, this.edits, this.runs);
      this.place.prepend(this.bar);
      // one stop of the Tab key for a bar; arrows move in it
      const all = [...this.bar.children];
      all.forEach((one) => { one.tabIndex = one === this.runs ? 0 : -1; });
      this.bar.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const seen = all.filter((one) => !one.hidden);
        const next = step && seen[seen.indexOf(document.activeElement) + step];
        if (next) next.focus();
      });
      this.bar.addEventListener("focusin", (event) => {
        all.forEach((one) => { one.tabIndex = one === event.target ? 0 : -1; });
      });
      const text = kept(this.id);
      if (this.box && (asks || text !== null)) this.open(text ?? this.code);
    }

    edit() {
      const fold = this.place.querySelector("details.hide");
      if (fold) fold.open = true;
      if (!this.editor) this.open(this.code);
      this.editor.focus();
    }

    open(text) {
      this.editor = element("textarea", "live-editor");
      this.editor.spellcheck = false;
      this.editor.autocapitalize = "off";
      this.editor.setAttribute("aria-label", `Code of cell ${this.number}; Shift-Enter runs it, Escape leaves it`);
      this.editor.value = text;
      this.editor.addEventListener("input", () => this.changed());
      this.editor.addEventListener("keydown", (event) => this.pressed(event));
      this.box.hidden = true;
      this.box.after(this.editor);
      this.changed();
    }

    changed() {
      this.written = this.editor.value === this.code ? null : this.editor.value;
      this.editor.rows = Math.max(2, this.editor.value.split("\n").length);
      this.resets.hidden = this.written === null && !this.place.dataset.ran;
      keep(this.id, this.written);
    }

    pressed(event) {
      const { selectionStart: at, value } = this.editor;
      const line = value.slice(value.lastIndexOf("\n", at - 1) + 1, at);
      const type = (text) => document.execCommand("insertText", false, text); // can be undone
      if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
        send(this.id, false);
      } else if (event.key === "Enter") {
        type(`\n${line.match(/^ */)[0]}${/:\s*$/.test(line) ? "    " : ""}`);
      } else if (event.key === "Tab" && !event.shiftKey) {
        type(" ".repeat(4 - (line.length % 4)));
      } else if (event.key === "Escape") {
        this.edits.focus();
      } else {
        return;
      }
      event.preventDefault();
    }

    reset() {
      if (this.editor && this.verb === "Check") this.editor.value = this.code;
      else this.editor?.remove();
      if (!this.editor?.isConnected) {
        this.editor = null;
        if (this.box) this.box.hidden = false;
      }
      for (const [picture, own] of this.were) {
        for (const [name, value] of own) picture.setAttribute(name, value);
      }
      this.output?.replaceChildren(...this.stored);
      this.written = null;
      delete this.place.dataset.ran;
      keep(this.id, null);
      this.resets.hidden = true;
      this.runs.focus();
    }

    // The old output stays until there is a new one.
    begin() {
      this.fresh = false;
      this.place.setAttribute("aria-busy", "true");
      if (this.live) this.runs.textContent = "Stop";
    }

    clear() {
      if (this.fresh) return;
      this.fresh = true;
      if (!this.output) {
        this.output = element("div", "cell_output docutils container");
        this.place.append(this.output);
      }
      this.pictures = this.stored.filter((one) => one.matches("img") || one.querySelector("img"));
      this.output.replaceChildren();
    }

    show(part, text) {
      if (!this.live) return; // what is run of it is for later cells
      this.clear();
      if (part === "png") return this.draw(text);
      if (part === "note") return this.output.append(element("p", "live-note", text));
      const last = this.output.lastElementChild;
      if (part === "stream" && last?.classList.contains("stream")) {
        last.querySelector("pre").append(text);
        return;
      }
      const kind = part === "text" ? "text_plain" : part;
      const box = element("div", `output ${kind === "error" ? "stream live-error" : kind} notranslate`);
      const inner = element("div", "highlight");
      inner.append(element("pre", "", text));
      box.append(inner);
      this.output.append(box);
    }

    draw(png) {
      const place = this.pictures.shift() ?? element("img", "");
      const picture = place.querySelector("img") ?? place;
      if (!this.were.has(picture) && picture.src) {
        this.were.set(picture, [...picture.attributes].map(({ name, value }) => [name, value]));
      }
      picture.alt ||= `Figure of cell ${this.number}`;
      if (this.written !== null) picture.removeAttribute("width"); // it may have another size
      picture.removeAttribute("height");
      picture.loading = "eager";
      picture.src = `data:image/png;base64,${png}`;
      this.output.append(place);
    }

    finish(done) {
      this.place.removeAttribute("aria-busy");
      if (!this.live) return;
      this.runs.textContent = this.verb;
      this.place.dataset.ran = "yes";
      this.resets.hidden = false;
      if (done && this.output) this.clear(); // it had one, and has none
    }
  }

  // --- The page ---

  const forget = element("p", "live-forget", "What you wrote in the cells of this page is kept in this browser, and nowhere else. ");
  forget.append(button("Forget it", () => {
    for (const cell of cells.values()) if (cell.written !== null) cell.reset();
  }));
  forget.hidden = true;

  addEventListener("DOMContentLoaded", () => {
    for (const [i, place] of [...document.querySelectorAll("div.cell[id^=cell-]")].entries()) {
      const cell = new Cell(place, i + 1);
      cells.set(cell.id, cell);
    }
    const live = [...cells.values()].filter((cell) => cell.live);
    if (!live.length) return;
    live.forEach((cell) => cell.dress());
    document.querySelector(".bd-article").append(forget);
    say("");
    document.body.append(panel);
  });
}
