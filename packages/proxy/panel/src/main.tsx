import { render } from 'preact';

import { App } from './app.js';
import { LiveMaster } from './live-master.js';

const place = document.querySelector('#panel');
if (place !== null) {
  const master = new LiveMaster();
  master.start();
  render(<App master={master} />, place);
}
