// What the theme leaves out, for the keyboard and for paper.
"use strict";

{
  // The theme takes the focus from its buttons after every click. A click by a key has no detail.
  addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (event.detail === 0 && document.activeElement === document.body) {
      button?.focus();
    }
  });

  // A formula that is wider than its place can be scrolled with the keyboard too.
  addEventListener("load", async () => {
    await window.MathJax?.startup.promise;
    for (const box of document.querySelectorAll("mjx-container[display]")) {
      if (box.scrollWidth > box.clientWidth) {
        box.tabIndex = 0;
      }
    }
  });

  // Paper is white, and nothing can be opened there. Afterwards all is as before.
  const root = document.documentElement;
  let theme = root.dataset.theme;
  let closed = [];

  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    closed = [...document.querySelectorAll(".quiz details:not([open])")];
    closed.forEach((answer) => { answer.open = true; });
  });

  addEventListener("afterprint", () => {
    root.dataset.theme = theme;
    closed.forEach((answer) => { answer.open = false; });
  });
}
