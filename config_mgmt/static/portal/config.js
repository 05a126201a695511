// The slider of a feature flag: its number, and who would be in, counted by the server with the form as it stands.
"use strict";

(() => {
  const box = document.querySelector("[data-estimate]");
  if (!box) return;
  const form = box.closest("form");
  const bar = box.querySelector("[data-estimate-bar]");
  const sentence = box.querySelector("[data-estimate-sentence]");
  const details = box.querySelector("[data-estimate-details]");
  const slider = form.querySelector("input[type=range]");
  const number = slider.parentElement.querySelector("output");
  const PAUSE_MS = 120;
  let timer;
  let asked = 0;

  const show = (answer) => {
    bar.style.width = `${answer.sharePercent ?? 0}%`;
    sentence.textContent = answer.sentence;
    details.textContent = answer.details ?? "";
  };

  const ask = async () => {
    const mine = ++asked;
    let answer;
    try {
      const response = await fetch(box.dataset.estimate, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      answer = await response.json();
    } catch {
      answer = { sentence: "This can't be counted just now." };
    }
    if (mine === asked) show(answer); // an answer that was overtaken says nothing any more
  };

  form.addEventListener("input", () => {
    number.textContent = `${slider.value} %`;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  number.textContent = `${slider.value} %`;
  ask();
})();
