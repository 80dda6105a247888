// A bundle keeps the names of a module of its own; those of a whole package it would lose.
export { LiveMeter, ProcFolder, useMetrics } from '@slapos/collect';
