// The form of a payment type: only the fields of the chosen kind of fee, and as many tiers as somebody wants.
"use strict";
(() => {
  const FIELDS = {
    FREE: [],
    FLAT: ["fee_payer", "fee_amount"],
    PERCENTAGE: ["fee_payer", "fee_percentage", "fee_min", "fee_max"],
    TIERED: ["fee_payer", "fee_min", "fee_max", "tiers"],
  };
  const kind = document.querySelector("[name=fee_type]");
  const all = [...new Set(Object.values(FIELDS).flat())];
  const showFields = () => {
    for (const name of all) {
      document.querySelector(`[data-field=${name}]`).hidden = !FIELDS[kind.value].includes(name);
    }
  };
  kind.addEventListener("change", showFields);
  showFields();

  const total = document.querySelector("[name=tiers-TOTAL_FORMS]");
  const most = Number(document.querySelector("[name=tiers-MAX_NUM_FORMS]").value);
  const rows = document.querySelector("[data-tiers]");
  const blank = document.querySelector("[data-blank-tier]");
  const add = document.querySelector("[data-add-tier]");
  add.hidden = false;
  add.addEventListener("click", () => {
    const number = Number(total.value);
    const row = document.createElement("tbody");
    row.innerHTML = blank.innerHTML.replaceAll("<th scope=\"row\">__prefix__", `<th scope="row">${number + 1}`).replaceAll("__prefix__", number);
    rows.append(row.querySelector("tr"));
    total.value = number + 1;
    add.hidden = total.value >= most;
  });
})();
