#!/usr/bin/env node
import { watchdogMain } from '../dist/watchdog.js';

process.exitCode = await watchdogMain(process.argv.slice(2));
