// What the theme leaves out: the keyboard keeps its place, and paper shows everything on light ground.
"use strict";

{
  // The theme takes the focus from its buttons after every click. A click by a key has no detail.
  addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (event.detail === 0 && document.activeElement === document.body) {
      button?.focus();
    }
  });

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
