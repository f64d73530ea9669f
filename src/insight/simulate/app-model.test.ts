import { expect, it } from 'vitest';
import { AppModelError, parseAppModel, parseAppText } from './app-model.ts';

it('has what is given and the usual for the rest', () => {
  expect(parseAppText('serviceMs=20, cpuMs=1.5e1 ,concurrency=16')).toEqual({
    serviceMs: 20,
    serviceVariation: 1,
    cpuMs: 15,
    concurrency: 16,
    bootSeconds: 60,
    timeoutSeconds: 60,
    memoryMiB: 150,
    memoryPerRequestMiB: 0.1,
    requestBytes: 500,
    responseBytes: 2_000,
  });
});

it.each([
  ['serviceMs=20', 'cpuMs is missing: a number from 0 to 600000.'],
  ['serviceMs=20,cpuMs=', 'cpuMs must be a number from 0 to 600000, not "".'],
  ['serviceMs=20,cpuMs=NaN', 'cpuMs must be a number from 0 to 600000, not "NaN".'],
  ['serviceMs=20,cpuMs=null', 'not "null".'],
  ['serviceMs=-1,cpuMs=0', 'serviceMs must be a number from 0.001 to 600000, not -1.'],
  ['serviceMs=20,cpuMs=1e999', 'cpuMs must be a number from 0 to 600000, not Infinity.'],
  ['serviceMs=20,cpuMs=1,threads=4', 'there is no "threads". Allowed: serviceMs, serviceVariation, cpuMs, '],
  ['serviceMs=20,cpuMs=1,__proto__=4', 'there is no "__proto__"'],
  ['serviceMs=20,cpuMs=1=2', '"cpuMs=1=2" must be key=value, such as serviceMs=20.'],
  ['serviceMs=20,,cpuMs=1', '"" must be key=value'],
  ['serviceMs=20,serviceMs=30,cpuMs=1', 'serviceMs is given twice.'],
  [
    'serviceMs=20,cpuMs=40,cpuThreads=1.5',
    'cpuMs: 40 is more than 1.5 cpuThreads can do in serviceMs (20): at most 30',
  ],
  ['serviceMs=2000,cpuMs=1,timeoutSeconds=2', 'serviceMs: 2000 is not less than timeoutSeconds (2 s)'],
])('refuses %s: %s', (text, message) => {
  expect(() => parseAppText(text)).toThrow(AppModelError);
  expect(() => parseAppText(text)).toThrow(message);
});

it.each([
  [null, 'it must be an object of serviceMs, '],
  [[], 'it must be an object of serviceMs, '],
  ['x'.repeat(1_000), /not "x{56}…\.$/],
  [{ serviceMs: 20, cpuMs: null }, 'cpuMs must be a number from 0 to 600000, not null.'],
  [{ serviceMs: '20', cpuMs: 1 }, 'serviceMs must be a number from 0.001 to 600000, not "20".'],
  [{ serviceMs: 20, cpuMs: 1, concurrency: [3] }, 'concurrency must be a number from 1 to 100000, not [3].'],
])('refuses %j of a file', (given, message) => {
  expect(() => parseAppModel(given)).toThrow(message);
});
