(function () {
  "use strict";
  var root = document.documentElement;
  document.getElementById("language").addEventListener("click", function () {
    root.dataset.lang = root.dataset.lang === "en" ? "zh" : "en";
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (part) { part.open = true; });
  });
})();
