// Without this script every cell's code still unfolds by itself; the button opens or closes them all.
(function () {
  "use strict";
  var button = document.getElementById("toggle-code");
  var cells = Array.prototype.slice.call(document.querySelectorAll("details.code"));
  if (!button || !cells.length) return;
  function say() {
    var open = cells.every(function (cell) { return cell.open; });
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Hide all code" : "Show all code";
  }
  button.addEventListener("click", function () {
    var open = button.getAttribute("aria-expanded") !== "true";
    cells.forEach(function (cell) { cell.open = open; });
    say();
  });
  cells.forEach(function (cell) { cell.addEventListener("toggle", say); });
  button.hidden = false;
  say();
})();
