// Answers with what a test needs to tell a woken process from a new one: the process id, a counter kept
// in memory, the time of the start, and random bytes (which must differ between clones of a snapshot).
// A datagram to the same port is answered with the counter as well.
const crypto = require('node:crypto');
const dgram = require('node:dgram');
const http = require('node:http');

const startedAt = new Date().toISOString();
let counter = 0;

const server = http.createServer((request, response) => {
  counter += 1;
  const body = JSON.stringify({
    pid: process.pid,
    counter,
    startedAt,
    now: new Date().toISOString(),
    random: crypto.randomBytes(16).toString('hex'),
    path: request.url,
  });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) + 1 });
  response.end(body + '\n');
});

const port = Number(process.env.PORT || 3000);
const datagrams = dgram.createSocket('udp4');
datagrams.on('message', (message, from) => {
  counter += 1;
  datagrams.send(`${message.toString().trim()} ${counter}\n`, from.port, from.address);
});
datagrams.bind(port, '0.0.0.0');

server.listen(port, '0.0.0.0', () => console.log(`listening on ${server.address().port}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
