// PostGraphile at its fastest: no roles to switch, no IDE, no watching, statements prepared.
// Its packages lie in the folder that this file is copied to.
import { createServer } from "node:http";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";

const [port, connectionString, size] = process.argv.slice(2);
const preset = {
  extends: [PostGraphileAmberPreset],
  // It would leave out conditions and orders on columns without an index of their own.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [
    makePgService({ connectionString, schemas: ["public"], poolConfig: { max: Number(size) } }),
  ],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false },
  grafast: { explain: false },
};
const instance = postgraphile(preset);
const served = instance.createServ(grafserv);
const server = createServer();
server.on("error", (error) => {
  throw error;
});
await served.addTo(server);
await instance.getSchema();
server.listen(Number(port), "127.0.0.1");
