/** The page as a browser has it, and as a browser shows it: nothing is asked of the network, whatever the data says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { browser } from '../draw/browser.fixture.ts';
import { mostPoints } from './downsample.ts';
import { reportPage } from './page.ts';
import type { Point, Report } from './report.ts';

const points = Array.from({ length: 10_000 }, (_, i): Point => [i, i === 7_777 ? 500 : 10 + (i % 7)]);
const evil = '</script><img src=x onerror="document.title=1">&"\'\u2028';
const report: Report = {
  title: `Surge ${evil}`,
  subtitle: 'constant:rate=1,for=10',
  facts: [
    { label: 'Sent', value: '10,000' },
    { label: 'Failed', value: evil, tone: 'bad' },
  ],
  seconds: 10_000,
  plots: [
    { title: 'Traffic', unit: 'requests per second', axis: 'linear', shape: 'area', series: [{ name: evil, points }] },
    {
      title: 'Latency',
      unit: 'ms',
      axis: 'log',
      shape: 'line',
      series: [
        {
          name: 'p99',
          points: [
            [0, 0],
            [5, 12_000],
          ],
        },
      ],
    },
    {
      title: 'Capacity',
      unit: 'machines',
      axis: 'linear',
      shape: 'step',
      marked: true,
      series: [{ name: 'desired', points: [[0, 2]] }],
    },
    { title: 'Nothing', unit: '%', axis: 'linear', shape: 'line', series: [] },
  ],
  bands: {
    title: 'Alarms',
    rows: [
      {
        name: evil,
        detail: 'all',
        changes: [
          { atSeconds: 0, state: 'ok' },
          { atSeconds: 4_000, state: 'alarm' },
        ],
      },
    ],
  },
  markers: [
    { atSeconds: 5_000, tone: 'good', text: evil, detail: 'because' },
    { atSeconds: 5_001, tone: 'bad', text: 'another' },
    { atSeconds: 9_000, tone: 'plain', text: 'far away' },
  ],
  tables: [
    { title: 'Requests', columns: [{ name: 'Path' }, { name: 'Sent', numbers: true }], rows: [[evil, '10']] },
    { title: 'Empty', columns: [{ name: 'Path' }], rows: [] },
  ],
  notes: [evil],
};

describe('a page of a report', () => {
  const html = reportPage(report);

  test('what the data says is text, in the page and in its script', () => {
    expect(html).not.toContain('<img');
    expect(html.match(/<script/g)).toHaveLength(3);
    expect(html).not.toContain('Empty');
  });

  test('its data is bounded, with the peak in it', () => {
    const [, json = ''] = /id="report">(.*?)<\/script>/s.exec(html) ?? [];
    const drawn = JSON.parse(json) as { plots: { series: { values: number[] }[] }[] };
    const values = drawn.plots[0]?.series[0]?.values ?? [];
    expect(values.length).toBeLessThanOrEqual(mostPoints);
    expect(Math.max(...values)).toBe(500);
  });

  test('asks for nothing', () => {
    expect(html).not.toMatch(/\s(src|href)="|@import|url\(/);
    expect(html).toContain("default-src 'none'");
  });

  test.skipIf(!browser)(
    'is drawn by a browser from a file, light and dark; its markers explain themselves',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'orrery-report-'));
      const file = join(folder, 'report.html');
      writeFileSync(file, html);
      const running = await chromium.launch({ executablePath: browser ?? '', args: ['--no-sandbox'] });
      try {
        const page = await running.newPage({ viewport: { width: 800, height: 900 } });
        const troubles: string[] = [];
        const asked: string[] = [];
        page.on('pageerror', (error) => troubles.push(String(error)));
        page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
        page.on('request', (request) => asked.push(request.url()));
        await page.goto(pathToFileURL(file).href);
        expect(await page.title()).toContain('Surge </script><img src=x');
        expect(await page.locator('canvas').count()).toBe(4);
        expect(await page.locator('.band i').count()).toBe(2);
        const markers = page.locator('.marker');
        expect(await markers.count()).toBe(2);
        await markers.first().focus();
        expect(await page.locator('#tip').textContent()).toContain('because');
        const over = page.locator('#plot-0 .u-over');
        await over.hover();
        await page.waitForFunction(() => Number(document.querySelector('#plot-0 .legend b')?.textContent) >= 10);
        // Another plot tells of the same moment.
        expect(await page.locator('#plot-1 .legend b').textContent()).toBe('12 s');
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.setViewportSize({ width: 500, height: 900 });
        await page.waitForFunction(() => (document.querySelector('canvas')?.clientWidth ?? 900) < 500);
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
        expect(troubles).toEqual([]);
        expect(asked).toEqual([pathToFileURL(file).href]);
      } finally {
        await running.close();
        rmSync(folder, { recursive: true });
      }
    },
  );
});
