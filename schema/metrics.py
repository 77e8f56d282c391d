"""What this process counts of itself, for whoever watches it.

Numbers only: it refuses labels that a client could make up, and anything personal.
"""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("cadre_requests", "GraphQL requests answered.", ["transport", "status"])
OPERATIONS = Counter("cadre_operations", "Operations run, by the way they took.", ["way"])
REFUSALS = Counter("cadre_refusals", "Errors told to clients, by their code.", ["code"])
SECONDS = Histogram("cadre_request_seconds", "Time from a request to its answer.", ["transport"])
DOCUMENTS = Counter("cadre_documents", "Documents looked up among the remembered.", ["found"])
DOCUMENTS_HELD = Gauge("cadre_documents_held", "Documents remembered now.")
PLANS = Counter("cadre_plans", "Plans looked up among the remembered.", ["found"])
PLANS_HELD = Gauge("cadre_plans_held", "Plans remembered now.")
