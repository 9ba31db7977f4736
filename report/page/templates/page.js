(function () {
  "use strict";
  var root = document.documentElement;
  var each = function (list, act) { Array.prototype.forEach.call(list, act); };
  var byId = function (id) { return document.getElementById(id); };

  // State in the address: #anchor&lang=zh&cut=12&app=1. What a reader sends shows the same.
  var state = {};
  function read() {
    var parts = decodeURIComponent(location.hash.slice(1)).split("&");
    state = { anchor: parts[0].indexOf("=") < 0 ? parts[0] : "" };
    parts.forEach(function (part) {
      var at = part.indexOf("=");
      if (at > 0) { state[part.slice(0, at)] = part.slice(at + 1); }
    });
  }
  function write() {
    var told = Object.keys(state).filter(function (key) { return key !== "anchor" && state[key]; });
    var text = told.map(function (key) { return "&" + key + "=" + encodeURIComponent(state[key]); });
    history.replaceState(null, "", "#" + (state.anchor || "") + text.join(""));
  }
  function go() {
    var target = state.anchor && byId(state.anchor);
    var around = target;
    while (around) { if (around.tagName === "DETAILS") { around.open = true; } around = around.parentElement; }
    if (target) { target.scrollIntoView(); }
  }

  // Languages.
  function speak(language) {
    root.dataset.lang = language;
    root.lang = language === "zh" ? "zh-Hans" : "en";
    each(document.querySelectorAll("[data-zh]"), function (one) {
      if (!one.dataset.en) { one.dataset.en = one.getAttribute("aria-label"); }
      one.setAttribute("aria-label", one.dataset[language]);
    });
    document.title = textOf(document.querySelector("h1"));
    redraw.forEach(function (act) { act(); });
  }
  var redraw = [];
  byId("language").addEventListener("click", function () {
    state.lang = root.dataset.lang === "en" ? "zh" : "en";
    speak(state.lang);
    write();
  });
  function said(pair) {
    if (typeof pair === "string") { return pair; }
    return (root.dataset.lang === "zh" && pair[1]) || pair[0];
  }
  function add(parent, tag, text, name) {
    var made = document.createElement(tag);
    if (name) { made.className = name; }
    if (text !== undefined && text !== null) { made.textContent = text; }
    parent.appendChild(made);
    return made;
  }
  function addBoth(parent, pair) {
    if (typeof pair === "string" || !pair[1]) { parent.appendChild(document.createTextNode(typeof pair === "string" ? pair : pair[0])); return; }
    add(parent, "span", pair[0], "en");
    add(parent, "span", pair[1], "zh").lang = "zh-Hans";
  }

  // Tables: later rows, search, order, CSV.
  function drawing(text) {
    return new DOMParser().parseFromString(text, "text/html").body.firstChild;
  }
  function rowOf(cells, heads) {
    var row = document.createElement("tr");
    cells.forEach(function (cell, k) {
      var made = add(row, k ? "td" : "th", null, heads[k].className);
      if (!k) { made.scope = "row"; }
      if (typeof cell === "string" || cell.length < 3) { addBoth(made, cell); return; }
      if (cell[2]) { made.classList.add(cell[2]); }
      if (cell[4]) { made.appendChild(drawing(cell[4])); return; }
      if (cell[3]) { add(made, "span", null, "bar").style.width = cell[3] + "%"; }
      addBoth(cell[3] ? add(made, "span", null, "cell") : made, cell);
    });
    return row;
  }
  function open(sheet) {
    var held = sheet.querySelector("script.later");
    if (!held) { return; }
    var heads = sheet.querySelectorAll("thead th");
    var body = sheet.querySelector("tbody");
    JSON.parse(held.textContent).forEach(function (cells) {
      var row = rowOf(cells, heads);
      row.classList.add("late");
      body.appendChild(row);
    });
    held.remove();
    sheet.querySelector(".more").remove();
  }
  // The text of the language that is read: the other one is not drawn.
  function textOf(cell) {
    var one = cell.querySelector("." + root.dataset.lang);
    return (one || cell).textContent.trim();
  }
  function find(sheet, wanted) {
    open(sheet);
    each(sheet.querySelectorAll("tbody tr"), function (row) {
      row.hidden = wanted !== "" && row.textContent.toLowerCase().indexOf(wanted) < 0;
    });
  }
  function numberOf(text) {
    var value = parseFloat(text.replace(/−/g, "-").replace(/[^0-9.eE-]/g, ""));
    return isNaN(value) ? -Infinity : value;
  }
  function order(sheet, place) {
    open(sheet);
    var head = sheet.querySelectorAll("thead th")[place];
    var down = head.getAttribute("aria-sort") !== "descending";
    each(sheet.querySelectorAll("thead th"), function (one) { one.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    var body = sheet.querySelector("tbody");
    var rows = Array.prototype.slice.call(body.rows);
    var isNumber = head.classList.contains("n");
    rows.sort(function (a, b) {
      var left = textOf(a.cells[place]);
      var right = textOf(b.cells[place]);
      var less = isNumber ? numberOf(left) - numberOf(right) : left.localeCompare(right);
      return down === isNumber ? -less : less;
    });
    rows.forEach(function (row) { body.appendChild(row); });
  }
  function quoted(text) { return /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text; }
  function csv(sheet) {
    open(sheet);
    var lines = Array.prototype.map.call(sheet.querySelectorAll("tr"), function (row) {
      return Array.prototype.map.call(row.cells, function (cell) { return quoted(textOf(cell)); }).join(",");
    });
    var link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = (sheet.dataset.table || "table") + ".csv";
    link.click();
    URL.revokeObjectURL(link.href);
  }
  each(document.querySelectorAll(".sheet"), function (sheet) {
    var more = sheet.querySelector(".more");
    var search = sheet.querySelector("input");
    if (more) { more.addEventListener("click", function () { open(sheet); }); }
    if (search) { search.addEventListener("input", function () { find(sheet, search.value.trim().toLowerCase()); }); }
    sheet.querySelector(".csv").addEventListener("click", function () { csv(sheet); });
    each(sheet.querySelectorAll("thead th"), function (head, k) {
      head.addEventListener("click", function () { order(sheet, k); });
    });
  });

  // The workbench: the slider takes its figures from the rows of two tables.
  var bench = document.querySelector(".workbench");
  function sheetOf(name) { return document.querySelector('.sheet[data-table="' + name + '"]'); }
  function cut() {
    var slider = byId("cut");
    var at = +slider.value;
    var sheet = sheetOf("cutoffs");
    var columns = sheet.dataset.columns.split(" ");
    var row = sheet.benchRows[at];
    byId("cut-shown").textContent = textOf(row.cells[columns.indexOf("pd_cut")]);
    each(bench.querySelectorAll("[data-cut]"), function (card) {
      card.textContent = textOf(row.cells[columns.indexOf(card.dataset.cut)]);
    });
    each(sheet.benchRows, function (one, k) { one.classList.toggle("here", k === at); });
    each(document.querySelectorAll("svg.cuts"), function (svg) {
      var mark = svg.querySelector(".marker");
      var box = svg.viewBox.baseVal;
      var place = 52 + (box.width - 64) * at / Math.max(1, bench.dataset.n - 1);
      mark.setAttribute("d", "M" + place.toFixed(1) + " 14V" + (box.height - 34));
    });
    var segments = sheetOf("cutoff_segments");
    if (segments) {
      each(segments.querySelectorAll("tbody tr"), function (one) { one.hidden = textOf(one.cells[0]) !== byId("cut-shown").textContent; });
    }
  }
  if (bench) {
    ["cutoffs", "cutoff_segments"].forEach(function (name) { if (sheetOf(name)) { open(sheetOf(name)); } });
    sheetOf("cutoffs").benchRows = Array.prototype.slice.call(sheetOf("cutoffs").querySelectorAll("tbody tr"));
    byId("cut").addEventListener("input", function () { state.cut = byId("cut").value; cut(); write(); });
    byId("cut-back").addEventListener("click", function () {
      byId("cut").value = bench.dataset.present; delete state.cut; cut(); write();
    });
    redraw.push(cut);
  }

  // The applicants: one list, one taken apart.
  var held = byId("applicant-data");
  var people = held ? JSON.parse(held.textContent) : null;
  function word(key) { return said(people.words[key]); }
  function textAt(place) { return people.texts[place]; }
  function inLanguage(en, zh) { return textAt(root.dataset.lang === "zh" ? zh : en); }
  function searched(row) {
    var reasons = row.reasons.map(function (one) { return one[0] + " " + textAt(one[2]) + " " + textAt(one[3]); });
    return [row.id, row.decision, said(people.decisions[row.decision]), row.tier].concat(row.codes, reasons).join(" ").toLowerCase();
  }
  function listed() {
    var wanted = byId("find-applicant").value.trim().toLowerCase();
    var kind = byId("which-decision").value;
    var list = byId("applicant-list");
    list.textContent = "";
    var found = people.rows.filter(function (row) {
      return (!kind || row.decision === kind) && (!wanted || searched(row).indexOf(wanted) >= 0);
    });
    found.forEach(function (row) {
      var button = add(add(list, "li"), "button", null, row.decision);
      button.type = "button";
      add(button, "b", row.id);
      add(button, "span", said(people.decisions[row.decision]) + " · " + (row.tier || "–") + " · " + row.shown.score);
      if (String(row.id) === state.app) { button.setAttribute("aria-current", "true"); }
      button.addEventListener("click", function () { state.app = String(row.id); write(); listed(); person(row); });
    });
    byId("found-applicants").textContent = found.length + " / " + people.rows.length;
    return found;
  }
  function bars(place, row) {
    // The strongest have a bar each; the others are one.
    var ranked = row.steps.map(function (one, k) { return [Math.abs(one[1]), k]; }).sort(function (a, b) { return b[0] - a[0]; });
    var kept = {};
    ranked.slice(0, 12).forEach(function (one) { kept[one[1]] = true; });
    var steps = row.steps.filter(function (one, k) { return kept[k]; });
    var rest = row.steps.filter(function (one, k) { return !kept[k]; });
    if (rest.length) { steps.push([-1, rest.reduce(function (sum, one) { return sum + one[1]; }, 0)]); }
    var levels = [row.typical];
    steps.forEach(function (step) { levels.push(levels[levels.length - 1] + step[1]); });
    var low = Math.min.apply(null, levels);
    var scale = 100 / ((Math.max.apply(null, levels) - low) || 1);
    var box = add(place, "div", null, "scroll");
    box.tabIndex = 0;
    var table = add(box, "table", null, "waterfall");
    add(table, "caption", word("waterfall"));
    var heads = add(add(table, "thead"), "tr");
    ["concept", "drawn", "points", "yours", "typical"].forEach(function (name) { add(heads, "th", word(name)).scope = "col"; });
    var body = add(table, "tbody");
    function step(name, start, points, total, own, usual) {
      var line = add(body, "tr", null, total ? "total" : points < 0 ? "down" : "up");
      add(line, "th", name).scope = "row";
      var drawn = add(add(line, "td", null, "track"), "span");
      drawn.style.marginLeft = (total ? 0 : (Math.min(start, start + points) - low) * scale) + "%";
      drawn.style.width = (total ? (points - low) * scale : Math.abs(points) * scale) + "%";
      add(line, "td", total ? points.toFixed(1) : (points < 0 ? "−" : "+") + Math.abs(points).toFixed(1), "n");
      add(line, "td", own || "");
      add(line, "td", usual || "");
    }
    step(word("typical_score"), 0, row.typical, true);
    steps.forEach(function (one, k) {
      var concept = one[0] < 0 ? people.words.rest : people.concepts[one[0]];
      var feature = one.length > 2 ? people.features[one[2]] : null;
      var name = said(concept) + (feature ? ": " + said(feature) : "");
      step(name, levels[k], one[1], false, one.length > 2 ? inLanguage(one[3], one[4]) : "", one.length > 5 ? inLanguage(one[5], one[6]) : "");
    });
    step(word("own_score"), 0, levels[levels.length - 1], true);
  }
  function person(row) {
    var place = byId("applicant");
    place.textContent = "";
    place.className = "example " + row.decision;
    add(place, "h4", word("application") + " " + row.id);
    var facts = add(place, "dl", null, "facts");
    people.facts.forEach(function (key) {
      if (row.shown[key] === undefined) { return; }
      var one = add(facts, "div");
      add(one, "dt", word(key));
      add(one, "dd", said(row.shown[key]));
    });
    if (row.reasons.length) {
      add(place, "p", word("reasons"), "label");
      var list = add(place, "ol", null, "reasons");
      row.reasons.forEach(function (one) {
        add(list, "li", (one[1] ? "" : "[" + one[0] + "] ") + inLanguage(one[2], one[3]));
      });
    }
    if (row.steps.length) { bars(place, row); }
    add(place, "p", word("change"), "label");
    var helps = add(place, "ul", null, "reasons");
    row.helps.forEach(function (pair) { add(helps, "li", said(pair)); });
    if (people.words.recourse) { add(helps, "li", word("recourse")).appendChild(document.createTextNode(" creditloom recourse --application " + row.id)); }
    var letter = add(place, "details", null, "letter");
    add(letter, "summary", word("letter"));
    var lines = row.letter[root.dataset.lang];
    add(letter, "pre", lines ? lines.map(textAt).join("\n") : textAt(row.letter.why)).tabIndex = 0;
  }
  function chosen() {
    var all = listed();
    var row = people.rows.filter(function (one) { return String(one.id) === state.app; })[0] || all[0];
    if (row) { person(row); }
  }
  if (people) {
    var which = byId("which-decision");
    Object.keys(people.decisions).forEach(function (key) { add(which, "option", key).value = key; });
    byId("find-applicant").addEventListener("input", listed);
    which.addEventListener("change", listed);
    redraw.push(function () {
      each(which.options, function (one) { one.textContent = one.value ? said(people.decisions[one.value]) : word("every"); });
      chosen();
    });
  }

  function arrive() {
    read();
    if (bench) { byId("cut").value = state.cut || bench.dataset.present; }
    speak(state.lang === "zh" || state.lang === "en" ? state.lang : root.dataset.lang);
    go();
  }
  window.addEventListener("hashchange", function () {
    var anchor = location.hash.slice(1);
    // A plain link of the page: it moves, and keeps what was chosen.
    if (anchor.indexOf("=") < 0) { state.anchor = anchor; write(); go(); return; }
    arrive();
  });
  arrive();
})();
