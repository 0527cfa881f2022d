(function () {
  "use strict";
  var root = document.documentElement;
  var all = function (selector, from) { return Array.prototype.slice.call((from || document).querySelectorAll(selector)); };

  var button = document.getElementById("theme");
  var themes = ["automatic", "light", "dark"];
  var at = 0;
  button.hidden = false;
  button.addEventListener("click", function () {
    at = (at + 1) % themes.length;
    button.textContent = "Theme: " + themes[at];
    if (at) { root.dataset.theme = themes[at]; } else { delete root.dataset.theme; }
  });

  function value(row, column) {
    var cell = row.cells[column];
    if (cell.dataset.v === undefined) { return cell.textContent; }
    var number = parseFloat(cell.dataset.v.replace("inf", "Infinity"));
    return isNaN(number) ? -Infinity : number;
  }
  all("table:not(.edits)").forEach(function (table) {
    var body = table.tBodies[0];
    if (body.rows.length < 2) { return; }
    all("thead th", table).forEach(function (head, column) {
      var sorter = document.createElement("button");
      sorter.type = "button";
      sorter.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(sorter);
      sorter.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending";
        all("thead th", table).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        all("tr", body).sort(function (a, b) {
          var x = value(a, column), y = value(b, column);
          var order = typeof x === "number" && typeof y === "number" ? (x < y ? -1 : x > y ? 1 : 0)
            : String(x).localeCompare(String(y), undefined, { numeric: true });
          return up ? order : -order;
        }).forEach(function (row) { body.appendChild(row); });
      });
    });
  });

  var filter = document.getElementById("filter");
  if (filter) {
    var rows = all(".failure");
    var rest = document.querySelector("#rows > details");
    filter.closest("p").hidden = false;
    filter.addEventListener("input", function () {
      var wanted = filter.value.toLowerCase(), shown = 0;
      rows.forEach(function (row) {
        row.hidden = wanted !== "" && row.textContent.toLowerCase().indexOf(wanted) < 0;
        shown += row.hidden ? 0 : 1;
      });
      if (rest && wanted) { rest.open = true; }
      document.getElementById("count").textContent = wanted ? shown + " of " + rows.length : "";
    });
  }

  function reveal() {
    var place = location.hash && document.getElementById(location.hash.slice(1));
    var fold = place && place.parentElement.closest("details");
    if (fold) { fold.open = true; place.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  reveal();

  var closed = [];
  addEventListener("beforeprint", function () {
    closed = all("details:not([open])");
    closed.forEach(function (fold) { fold.open = true; });
  });
  addEventListener("afterprint", function () {
    closed.forEach(function (fold) { fold.open = false; });
  });
})();
