import { httpMesh } from "../../../runtime/transport/http_mesh.ts";
import { testMeshTransport } from "../../../runtime/testing/mesh_suite.ts";
import { lacking } from "../../helpers/permissions.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };
testMeshTransport("http", () => ({ join: httpMesh({ listen: LOCAL }) }), { ignore: lacking("net") });
