/** The whole of undici takes twice as long to load as its client, which is all that is used of it. */
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici';
}
