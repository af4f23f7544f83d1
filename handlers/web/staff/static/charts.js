// Draws what stands in data-chart of a page: {at: [seconds], lines: [{name, counts}]}. The tables below say the same.
"use strict";

(function () {
  const COLOURS = ["#0b7a5b", "#19568f", "#a85c00", "#a8201a"];
  const DARK = ["#55cda3", "#96c7f5", "#f3c773", "#ffa39b"];
  const HEIGHT = 260;

  function colours() {
    return window.matchMedia("(prefers-color-scheme: dark)").matches ? DARK : COLOURS;
  }

  function draw(place) {
    const data = JSON.parse(place.dataset.chart);
    const style = getComputedStyle(place);
    const axis = { stroke: style.color, grid: { stroke: style.getPropertyValue("--line").trim() || "#ccc", width: 1 } };
    const picked = colours();
    const options = {
      width: place.clientWidth,
      height: HEIGHT,
      cursor: { y: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(5, high * 1.1)] } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((one) => new Date(one * 1000).toLocaleDateString("zh-CN", { month: "numeric", day: "numeric", timeZone: "Asia/Shanghai" })) },
        { ...axis, size: 44 },
      ],
      series: [
        { value: (_, at) => (at === null ? "—" : new Date(at * 1000).toLocaleDateString("zh-CN", { timeZone: "Asia/Shanghai" })), label: "日期" },
        ...data.lines.map((line, place0) => ({ label: line.name, stroke: picked[place0], width: 2, points: { size: 5 } })),
      ],
    };
    place.replaceChildren();
    const chart = new uPlot(options, [data.at, ...data.lines.map((line) => line.counts)], place);
    new ResizeObserver(() => {
      if (place.clientWidth && place.clientWidth !== chart.width) chart.setSize({ width: place.clientWidth, height: HEIGHT });
    }).observe(place);
  }

  document.querySelectorAll("[data-chart]").forEach(draw);
})();
