import { describe, expect, it } from 'vitest';
import { s3ObjectOf } from './download.ts';
import { changedMode } from './file-programs.ts';
import { rendered } from './init-files.ts';

describe('modes of chmod', () => {
  it.each([
    ['755', 0o600, 0o755],
    ['0644', 0o755, 0o644],
    ['+x', 0o644, 0o755],
    ['u+x', 0o644, 0o744],
    ['go-rw', 0o666, 0o600],
    ['a=r', 0o777, 0o444],
    ['u=rwx,g=rx,o=r', 0, 0o754],
  ])('%s', (text, before, after) => {
    expect(changedMode(text, before)).toBe(after);
  });
  it.each(['u+s', '888', 'x', ''])('%j is not modelled', (text) => {
    expect(() => changedMode(text, 0)).toThrow('not modelled: chmod');
  });
});

describe('the object that a URL of S3 names', () => {
  it.each([
    ['https://b.s3.us-east-1.amazonaws.com/a/k.zip', { bucket: 'b', key: 'a/k.zip', region: 'us-east-1' }],
    ['https://my.b.s3.eu-central-1.amazonaws.com/k%20k', { bucket: 'my.b', key: 'k%20k', region: 'eu-central-1' }],
    ['https://s3.us-west-2.amazonaws.com/b/a/k', { bucket: 'b', key: 'a/k', region: 'us-west-2' }],
    ['https://s3-us-west-2.amazonaws.com/b/k', { bucket: 'b', key: 'k', region: 'us-west-2' }],
    ['https://b.s3.amazonaws.com/k', { bucket: 'b', key: 'k', region: undefined }],
    ['https://b.s3.dualstack.us-east-1.amazonaws.com/k', { bucket: 'b', key: 'k', region: 'us-east-1' }],
    ['https://s3.amazonaws.com/', undefined],
    ['https://example.com/k', undefined],
    ['https://b.s3.us-east-1.amazonaws.com.evil.example/k', undefined],
  ])('%s', (url, object) => {
    expect(s3ObjectOf(new URL(url))).toEqual(object);
  });
});

describe('templates of files', () => {
  it('fill in variables, escaped in two braces', () => {
    expect(rendered('{{a}}|{{{a}}}|{{&a}}|{{! no }}|{{b.c}}|{{nope}}', { a: '<&>', b: { c: 1 } })).toBe(
      '&lt;&amp;&gt;|<&>|<&>||1|',
    );
  });
  it('are not modelled with sections', () => {
    expect(() => rendered('{{#a}}x{{/a}}', {})).toThrow('not modelled');
  });
  it('find nothing that the context does not have of its own', () => {
    expect(rendered('{{constructor}}{{__proto__.x}}', {})).toBe('');
  });
});
