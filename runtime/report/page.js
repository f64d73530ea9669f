/**
 * Draws a report's plots, alarm bands and markers; all follow one time axis, one cursor and one zoom. It runs in the page,
 * after uPlot, and reads the JSON that is in it.
 */
(() => {
  const { uPlot } = window;
  const report = JSON.parse(document.getElementById('report').textContent);
  const tip = document.getElementById('tip');
  // Half of the last label of the time axis, `24:00:00`, is right of the plot.
  const gutter = { left: 64, right: 28 };
  const height = { plot: 190, marked: 210 };
  const sync = uPlot.sync('time');
  /** @type {any[]} */
  const plots = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  /** What should not be begins with red. */
  const hue = (plot, i) => (i + (plot.bad ? 4 : 0)) % 6;
  const faded = (text, share) =>
    `${text}${Math.round(share * 255)
      .toString(16)
      .padStart(2, '0')}`;

  /** `1:02:03`, `2:03` */
  function clockText(seconds) {
    const whole = Math.max(0, Math.round(seconds));
    const two = (value) => String(value).padStart(2, '0');
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  }

  function valueText(value, unit) {
    if (value === undefined || value === null) return '–';
    if (unit === 'ms' && value >= 1000) return `${Number((value / 1000).toPrecision(3))} s`;
    const text =
      Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en-GB') : String(Number(value.toPrecision(3)));
    return unit === 'ms' || unit === '%' ? `${text} ${unit}` : text;
  }

  /** The last value at or before a moment. */
  function valueAt({ at, values }, moment) {
    let low = 0;
    let high = at.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at[middle] <= moment) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : values[low - 1];
  }

  function aligned(plot) {
    const positive = (value) => (plot.axis === 'log' && value <= 0 ? null : value);
    const tables = plot.series.map(({ at, values }) => [at, values.map(positive)]);
    if (tables.length === 0) return [[0, report.seconds]];
    return uPlot.join(tables);
  }

  function seriesOptions(plot, i) {
    const stroke = () => colour(`s${hue(plot, i)}`);
    const fill = () => faded(stroke(), 0.14);
    return {
      label: plot.series[i].name,
      stroke,
      width: 1.75,
      spanGaps: true,
      points: { show: false },
      ...(i === 0 && plot.shape !== 'line' ? { fill } : {}),
      ...(plot.shape === 'step' ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
    };
  }

  function axes(plot) {
    const line = {
      stroke: () => colour('soft'),
      font: '11px system-ui, sans-serif',
      grid: { stroke: () => colour('grid'), width: 1 },
      ticks: { show: false },
    };
    return [
      {
        ...line,
        size: 26,
        gap: 6,
        space: 70,
        incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200],
        values: (_plot, ticks) => ticks.map(clockText),
      },
      {
        ...line,
        size: gutter.left,
        gap: 8,
        ...(plot.axis === 'log' ? { splits: decades } : {}),
        // There is no half of a machine.
        ...(plot.shape === 'step' ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] } : {}),
        values: (_plot, ticks) => ticks.map((tick) => (tick === null ? '' : valueText(tick, plot.unit))),
      },
    ];
  }

  function decades(_plot, _axis, from, to) {
    const first = Math.ceil(Math.log10(from) - 1e-9);
    const last = Math.floor(Math.log10(to) + 1e-9);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_one, i) => 10 ** (first + i));
  }

  function verticalScale(plot) {
    if (plot.axis === 'log') return { distr: 3, log: 10 };
    const atLeast = plot.atLeast ?? 1;
    return { range: (_plot, _least, greatest) => [0, Math.max(atLeast, (greatest ?? 0) * 1.06)] };
  }

  function legend(figure, plot) {
    const list = figure.querySelector('.legend');
    const cells = plot.series.map(({ name }, i) => {
      const item = document.createElement('li');
      const mark = document.createElement('i');
      mark.style.setProperty('--color', `var(--s${hue(plot, i)})`);
      const value = document.createElement('b');
      item.append(mark, name, value);
      list.append(item);
      return value;
    });
    return (moment) => {
      for (const [i, cell] of cells.entries())
        cell.textContent = moment === undefined ? '' : valueText(valueAt(plot.series[i], moment), plot.unit);
    };
  }

  function draw(plot, i) {
    const figure = document.getElementById(`plot-${i}`);
    const drawing = figure.querySelector('.drawing');
    const tell = legend(figure, plot);
    const tall = plot.marked ? height.marked : height.plot;
    const options = {
      width: drawing.clientWidth,
      height: tall,
      padding: [8, gutter.right, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: sync.key }, points: { show: false }, y: false, drag: { x: true, y: false } },
      scales: {
        x: { time: false, range: (_plot, from, to) => [from ?? 0, to ?? report.seconds] },
        y: verticalScale(plot),
      },
      axes: axes(plot),
      series: [{}, ...plot.series.map((_series, n) => seriesOptions(plot, n))],
      hooks: {
        setCursor: [(u) => tell(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, 'x') : undefined)],
        setScale: [(u, key) => key === 'x' && follow(u)],
        drawClear: [plainAxis],
        draw: plot.marked ? [placeMarkers] : [],
      },
    };
    const u = new uPlot(options, aligned(plot), drawing);
    u.setScale('x', { min: 0, max: report.seconds });
    // A double click shows all again, not what the data alone would span.
    u.over.addEventListener('dblclick', () => u.setScale('x', { min: 0, max: report.seconds }));
    plots.push({ u, drawing, tall });
  }

  /** Nothing of one plot's zoom must be missing in another. */
  let following = false;
  function follow(from) {
    if (following) return;
    following = true;
    const { min, max } = from.scales.x;
    for (const { u } of plots) if (u !== from && min !== null) u.setScale('x', { min, max });
    following = false;
    if (min !== null) drawBands(min, max);
  }

  function plainAxis(u) {
    const { left, top, width, height: tall } = u.bbox;
    u.ctx.strokeStyle = colour('line');
    u.ctx.lineWidth = devicePixelRatio;
    u.ctx.beginPath();
    u.ctx.moveTo(left, top + tall);
    u.ctx.lineTo(left + width, top + tall);
    u.ctx.stroke();
  }

  /** Those that would lie on each other become one, which tells of all. */
  function clustered(u) {
    const groups = [];
    for (const marker of report.markers) {
      const x = u.valToPos(marker.atSeconds, 'x');
      if (x < 0 || x > u.over.clientWidth) continue;
      const last = groups.at(-1);
      if (last && x - last.x < 12) last.markers.push(marker);
      else groups.push({ x, markers: [marker] });
    }
    return groups;
  }

  function placeMarkers(u) {
    for (const old of u.over.querySelectorAll('.marker')) old.remove();
    for (const { x, markers } of clustered(u)) {
      const tone = ['bad', 'good', 'plain'].find((one) => markers.some((marker) => marker.tone === one));
      const mark = document.createElement('button');
      mark.type = 'button';
      mark.className = `marker ${tone}${markers.length > 1 ? ' many' : ''}`;
      mark.style.left = `${x}px`;
      mark.setAttribute(
        'aria-label',
        markers.map(({ atSeconds, text }) => `${clockText(atSeconds)} ${text}`).join('; '),
      );
      explain(mark, markers);
      u.over.append(mark);
    }
  }

  const mostTold = 8;

  function explain(element, markers) {
    const show = () => {
      const told = markers.slice(0, mostTold).map(({ atSeconds, text, detail }) => {
        const paragraph = document.createElement('p');
        paragraph.append(`${clockText(atSeconds)}  ${text}`);
        if (detail) {
          const small = document.createElement('small');
          small.textContent = detail;
          paragraph.append(small);
        }
        return paragraph;
      });
      if (markers.length > mostTold) {
        const more = document.createElement('p');
        more.textContent = `and ${markers.length - mostTold} more`;
        told.push(more);
      }
      tip.replaceChildren(...told);
      tip.hidden = false;
      const at = element.getBoundingClientRect();
      const left = Math.min(Math.max(8, at.left - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
      const above = at.top - tip.offsetHeight - 10;
      tip.style.left = `${left}px`;
      tip.style.top = `${above > 8 ? above : at.bottom + 10}px`;
    };
    const hide = () => {
      tip.hidden = true;
    };
    element.addEventListener('mouseenter', show);
    element.addEventListener('focus', show);
    element.addEventListener('mouseleave', hide);
    element.addEventListener('blur', hide);
  }

  const states = { ok: 'OK', alarm: 'ALARM', unknown: 'INSUFFICIENT_DATA' };

  function drawBands(min, max) {
    const figure = document.getElementById('bands');
    if (!figure) return;
    const rows = report.bands.map(({ name, detail, changes }) => {
      const row = document.createElement('div');
      row.className = 'band';
      const label = document.createElement('span');
      label.textContent = name;
      label.title = detail;
      const bar = document.createElement('div');
      for (const [i, { atSeconds, state }] of changes.entries()) {
        const until = changes[i + 1]?.atSeconds ?? report.seconds;
        const [from, to] = [Math.max(min, atSeconds), Math.min(max, until)];
        if (to <= from) continue;
        const part = document.createElement('i');
        part.className = state;
        part.title = `${states[state]} from ${clockText(atSeconds)} to ${clockText(until)}`;
        part.style.left = `${(100 * (from - min)) / (max - min)}%`;
        part.style.width = `${(100 * (to - from)) / (max - min)}%`;
        bar.append(part);
      }
      row.append(label, bar);
      return row;
    });
    figure.querySelector('.drawing').replaceChildren(...rows);
  }

  function bandLegend() {
    const list = document.querySelector('#bands .legend');
    if (!list) return;
    for (const [state, text] of Object.entries(states)) {
      const item = document.createElement('li');
      item.className = 'square';
      const mark = document.createElement('i');
      mark.style.setProperty('--color', `var(--${state})`);
      item.append(mark, text);
      list.append(item);
    }
  }

  report.plots.forEach(draw);
  bandLegend();
  drawBands(0, report.seconds);
  new ResizeObserver(() => {
    for (const { u, drawing, tall } of plots) u.setSize({ width: drawing.clientWidth, height: tall });
  }).observe(document.querySelector('main'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const { u } of plots) u.redraw(false);
  });
})();
