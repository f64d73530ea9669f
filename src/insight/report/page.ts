/** A report as one page that needs nothing else: no network, no other file. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { downsample } from './downsample.ts';
import type { Fact, Report, Table } from './report.ts';

export function reportPage(report: Report): string {
  const { title, subtitle, facts, plots, bands, tables, notes } = report;
  const charts = plots.map((plot, i) => chart(`plot-${i}`, plot.title, plot.unit));
  if (bands.rows.length > 0) charts.push(chart('bands', bands.title, ''));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${packageFile('uplot/dist/uPlot.min.css')}</style>
<style>${ownFile('page.css')}</style>
</head>
<body>
<header><h1>${escaped(title)}</h1><p>${escaped(subtitle)}</p></header>
<dl class="facts">${facts.map(factHtml).join('')}</dl>
<main>
${charts.join('\n')}
</main>
${tables
  .filter(({ rows }) => rows.length > 0)
  .map(tableHtml)
  .join('\n')}
<footer>${notes.map((note) => `<p>${escaped(note)}</p>`).join('')}</footer>
<div id="tip" role="tooltip" hidden></div>
<script type="application/json" id="report">${inScript(JSON.stringify(drawn(report)))}</script>
<script>${packageFile('uplot/dist/uPlot.iife.min.js')}</script>
<script>${ownFile('page.js')}</script>
</body>
</html>
`;
}

/** What the page's script draws: the rest is in the page already. */
function drawn({ seconds, plots, bands, markers }: Report) {
  return {
    seconds,
    plots: plots.map((plot) => ({
      ...plot,
      series: plot.series.map(({ name, points }) => {
        const kept = downsample(points);
        return { name, at: kept.map(([at]) => round(at)), values: kept.map(([, value]) => round(value)) };
      }),
    })),
    bands: bands.rows,
    markers,
  };
}

function chart(id: string, title: string, unit: string): string {
  const said = unit === '' ? '' : ` <small>${escaped(unit)}</small>`;
  return `<figure id="${id}"><figcaption><h2>${escaped(title)}${said}</h2><ul class="legend"></ul></figcaption><div class="drawing"></div></figure>`;
}

function factHtml({ label, value, tone = 'plain' }: Fact): string {
  return `<div class="${tone}"><dt>${escaped(label)}</dt><dd>${escaped(value)}</dd></div>`;
}

function tableHtml({ title, columns, rows }: Table): string {
  const cell = (tag: 'td' | 'th', text: string, i: number) =>
    `<${tag}${columns[i]?.numbers ? ' class="numbers"' : ''}>${escaped(text)}</${tag}>`;
  const head = columns.map(({ name }, i) => cell('th', name, i)).join('');
  const body = rows.map((row) => `<tr>${row.map((text, i) => cell('td', text, i)).join('')}</tr>`).join('\n');
  return `<section><h2>${escaped(title)}</h2><div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div></section>`;
}

/** Six digits are more than a screen shows. */
function round(value: number): number {
  return Number(value.toPrecision(6));
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** In JSON inside of a script element, `</script>` and `<!--` must not be seen by the HTML parser. */
function inScript(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

function packageFile(name: string): string {
  return readFileSync(fileURLToPath(import.meta.resolve(name)), 'utf8');
}

function ownFile(name: string): string {
  return readFileSync(new URL(`./runtime/report/${name}`, import.meta.resolve('orrery/package.json')), 'utf8');
}
