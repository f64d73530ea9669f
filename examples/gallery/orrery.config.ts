/** What the gallery runs on. */
import { defineConfig } from 'orrery/blueprint';

export default defineConfig({
  name: 'gallery',
  domain: 'myapp.com',
  // A path to the web bucket for URLs signed by a key group. The page does without: its pictures go through the API.
  web: { uploads: true },
  api: { max: 12 },
  // The pictures that people hang are kept by the API in the data bucket.
  data: { access: 'read-write' },
});
