"""The countries that invented people come from: name style, mother tongues and time zone.

A choice of States from every regional group, weighted by how often they turn up.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A country; the first language is everybody's there, the second many people's."""

    code: str
    style: str
    zone: str
    languages: tuple[str, ...]
    weight: int


_TABLE = """
BEN sahel Africa/Porto-Novo fr 3
BFA sahel Africa/Ouagadougou fr 4
CIV sahel Africa/Abidjan fr 5
CMR sahel Africa/Douala fr,en 5
COD congo Africa/Kinshasa fr,ln 4
COG congo Africa/Brazzaville fr,ln 2
GAB congo Africa/Libreville fr 2
GIN sahel Africa/Conakry fr 3
MDG congo Indian/Antananarivo fr 2
MLI sahel Africa/Bamako fr 4
NER sahel Africa/Niamey fr 4
SEN sahel Africa/Dakar fr,wo 7
TCD sahel Africa/Ndjamena fr,ar 3
TGO sahel Africa/Lome fr 3
BDI lakes Africa/Bujumbura fr,sw 3
RWA lakes Africa/Kigali rw,fr 4
DJI horn Africa/Djibouti fr,so 1
DZA maghreb Africa/Algiers ar,fr 4
MAR maghreb Africa/Casablanca ar,fr 5
TUN maghreb Africa/Tunis ar,fr 4
MRT maghreb Africa/Nouakchott ar,fr 2
EGY levant Africa/Cairo ar 6
LBY levant Africa/Tripoli ar 1
SDN levant Africa/Khartoum ar 3
JOR levant Asia/Amman ar 5
LBN levant Asia/Beirut ar,fr 3
IRQ levant Asia/Baghdad ar,ku 2
KWT levant Asia/Kuwait ar 1
OMN levant Asia/Muscat ar 1
YEM levant Asia/Aden ar 1
ETH horn Africa/Addis_Ababa am 6
SOM horn Africa/Mogadishu so,ar 1
KEN lakes Africa/Nairobi en,sw 7
TZA lakes Africa/Dar_es_Salaam sw,en 4
UGA lakes Africa/Kampala en,sw 4
GHA guinea Africa/Accra en 7
NGA guinea Africa/Lagos en 8
SLE guinea Africa/Freetown en 2
GMB guinea Africa/Banjul en,wo 2
LBR guinea Africa/Monrovia en 1
MWI south Africa/Blantyre en 2
ZAF south Africa/Johannesburg en 6
ZMB south Africa/Lusaka en 3
ZWE south Africa/Harare en 3
BWA south Africa/Gaborone en 1
AGO lusophone Africa/Luanda pt 2
CPV lusophone Atlantic/Cape_Verde pt 1
GNB lusophone Africa/Bissau pt,fr 1
MOZ lusophone Africa/Maputo pt 2
BRA lusophone America/Sao_Paulo pt 6
PRT lusophone Europe/Lisbon pt 3
ARG hispanic America/Argentina/Buenos_Aires es 5
CHL hispanic America/Santiago es 3
COL hispanic America/Bogota es 3
CRI hispanic America/Costa_Rica es 2
ECU hispanic America/Guayaquil es 1
GTM hispanic America/Guatemala es 2
MEX hispanic America/Mexico_City es 3
PER hispanic America/Lima es 3
URY hispanic America/Montevideo es 4
ESP hispanic Europe/Madrid es 4
HTI creole America/Port-au-Prince fr,ht 2
JAM anglo America/Jamaica en 2
TTO anglo America/Port_of_Spain en 1
CAN anglo America/Toronto en,fr 7
USA anglo America/New_York en 7
GBR anglo Europe/London en 7
IRL anglo Europe/Dublin en 5
AUS anglo Australia/Sydney en 4
NZL anglo Pacific/Auckland en 2
FRA gallic Europe/Paris fr 8
BEL gallic Europe/Brussels fr,nl 3
CHE gallic Europe/Zurich de,fr 3
LUX gallic Europe/Luxembourg fr,de 1
DEU nordic Europe/Berlin de 6
NLD nordic Europe/Amsterdam nl 4
NOR nordic Europe/Oslo no 4
SWE nordic Europe/Stockholm sv 5
DNK nordic Europe/Copenhagen da 3
FIN nordic Europe/Helsinki fi 3
ITA lusophone Europe/Rome it 5
GRC hellenic Europe/Athens el 1
POL slavic Europe/Warsaw pl 3
CZE slavic Europe/Prague cs 1
SRB slavic Europe/Belgrade sr 2
BIH slavic Europe/Sarajevo bs 1
UKR slavic Europe/Kyiv uk,ru 2
RUS slavic Europe/Moscow ru 3
ROU slavic Europe/Bucharest ro,fr 3
GEO steppe Asia/Tbilisi ka,ru 1
ARM steppe Asia/Yerevan hy,ru 1
KAZ steppe Asia/Almaty kk,ru 2
UZB steppe Asia/Tashkent uz,ru 1
TJK steppe Asia/Dushanbe tg,ru 1
TUR steppe Europe/Istanbul tr 4
BGD south_asia Asia/Dhaka bn 7
IND south_asia Asia/Kolkata hi,en 8
NPL south_asia Asia/Kathmandu ne 6
PAK south_asia Asia/Karachi ur,en 7
LKA south_asia Asia/Colombo en 2
AFG south_asia Asia/Kabul fa,ps 1
CHN east_asia Asia/Shanghai zh 4
JPN japanese Asia/Tokyo ja 4
KOR east_asia Asia/Seoul ko 3
IDN archipelago Asia/Jakarta id 5
MYS archipelago Asia/Kuala_Lumpur ms,en 2
PHL archipelago Asia/Manila en 3
THA archipelago Asia/Bangkok th 2
VNM archipelago Asia/Ho_Chi_Minh vi 1
TLS lusophone Asia/Dili pt 1
FJI pacific Pacific/Fiji en 3
WSM pacific Pacific/Apia en 1
"""


def _place(line: str) -> Place:
    code, style, zone, languages, weight = line.split()
    return Place(code, style, zone, tuple(languages.split(",")), int(weight))


PLACES = tuple(_place(line) for line in _TABLE.strip().splitlines())
