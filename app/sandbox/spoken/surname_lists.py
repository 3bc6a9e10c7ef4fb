"""Surnames as lists: a head, the common ones of each culture, and the parts of the rare ones. `_` is a blank."""

# By how common they are among the customers of an American shop; the commonest is about one person in a hundred.
HEAD = """
    Smith:english Johnson:english Garcia:hispanic Williams:english Brown:english Jones:english Rodriguez:hispanic
    Miller:english Nguyen:vietnamese Davis:english Martinez:hispanic Lee:korean Hernandez:hispanic Kim:korean
    Lopez:hispanic Wilson:english Anderson:english Gonzalez:hispanic Patel:indian Thomas:english Taylor:english
    Moore:english Mueller:german Jackson:english Martin:english Perez:hispanic Thompson:english White:english
    Chen:chinese Harris:english Sanchez:hispanic Clark:english Wang:chinese Ramirez:hispanic Lewis:english
    Singh:indian Robinson:english Walker:english Young:english Li:chinese Allen:english King:english Torres:hispanic
    Wright:english Scott:english Tran:vietnamese Hill:english Flores:hispanic Green:english Adams:english
    Khan:arabic Nelson:english Baker:english Schmidt:german Hall:english Rivera:hispanic Campbell:english
    Mitchell:english Carter:english Roberts:english Wong:chinese Gomez:hispanic Phillips:english Park:korean
    Evans:english Turner:english Diaz:hispanic Parker:english Cruz:hispanic Edwards:english Collins:english
    Reyes:hispanic Stewart:english Morris:english Morales:hispanic Murphy:irish Cook:english Rogers:english
    Gutierrez:hispanic Ortiz:hispanic Morgan:english Cooper:english Peterson:nordic Bailey:english Reed:english
    Kelly:irish Howard:english Ramos:hispanic Ward:english Cox:english Richardson:english Watson:english
    Brooks:english Chavez:hispanic Wood:english James:english Bennett:english Gray:english Mendoza:hispanic
    Meyer:german Kowalski:slavic Silva:portuguese Cohen:english O'Brien:irish Ahmed:arabic Rossi:italian
"""

COMMON: dict[str, str] = {
    "english": """
        Hughes Price Myers Long Foster Sanders Ross Powell Sullivan Russell Bell Coleman Butler Henderson Barnes
        Fisher Simmons Jordan Patterson Alexander Hamilton Graham Reynolds Griffin Wallace West Cole Hayes
        Bryant Gibson Ellis Stevens Murray Ford Marshall Owens Harrison Freeman Wells Webb Simpson Tucker Porter
        Hunter Hicks Crawford Henry Boyd Mason Kennedy Warren Dixon Burns Gordon Shaw Holmes Rice Robertson Hunt
        Black Daniels Palmer Mills Nichols Grant Knight Ferguson Rose Stone Dunn Perkins Hudson Spencer Gardner
        Payne Pierce Berry Arnold Wagner Willis Ray Watkins Olson Carroll Duncan Snyder Hart Cunningham Bradley
        Lane Andrews Harper Fox Riley Armstrong Carpenter Weaver Greene Lawrence Elliott Chapman Austin Peters
        Franklin Lawson Smith-Jones Taylor-Brown
    """,
    "hispanic": """
        Ruiz Alvarez Castillo Jimenez Vasquez Romero Herrera Medina Aguilar Vargas Guzman Fernandez Mendez Munoz
        Soto Vega Delgado Castro Ríos Alvarado Sandoval Contreras Guerrero Ortega Peña Núñez Ibáñez Cortés
        Domínguez Márquez Zúñiga Espinoza Maldonado Fuentes Cabrera Navarro García-López Pérez-Molina Rojas
        Acosta Figueroa
    """,
    "german": """
        Schneider Fischer Weber Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann
        Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann Köhler Maier Kaiser Fuchs
        Lang Weiß Jung Hahn Vogel Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Böhm Kenter Jäger
        Vogt Strauß von_Braun von_der_Heide Pfeiffer Grün Möller
    """,
    "french": """
        Bernard Dubois Durand Leroy Moreau Simon Laurent Lefebvre Michel Fournier Girard Bonnet Dupont Lambert
        Fontaine Rousseau Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Perrin Béranger Lefèvre
        de_la_Fontaine du_Pont Le_Gall Beaulieu
    """,
    "italian": """
        Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca Costa
        Giordano Mancini Rizzo Lombardi Moretti Barbieri Fontana D'Angelo Di_Stefano Caruso DeMarco LoPresti
        Della_Rosa Santoro
    """,
    "slavic": """
        Nowak Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski Jankowski
        Mazur Krawczyk Piotrowski Grabowski Pawłowski Ivanov Petrov Smirnov Kuznetsov Popov Sokolov Shevchenko
        Kovalenko Bondarenko Tkachenko Novák Svoboda Dvořák Černý Horvat Jovanović Petrović Nikolić Marković
    """,
    "vietnamese": "Pham Le Huynh Hoang Phan Vu Vo Dang Bui Do Ho Ngo Duong Ly Truong Dinh Luong Mai Trinh",
    "korean": "Choi Jung Kang Cho Yoon Jang Lim Han Shin Seo Kwon Hwang Ahn Song Yoo Hong Moon Oh Bae",
    "chinese": """
        Zhang Liu Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng Liang Xie Tang Hsu Chan Ng Lau
        Cheung Tsai Kwok Yip Ouyang
    """,
    "indian": """
        Sharma Kumar Gupta Shah Reddy Rao Desai Mehta Joshi Nair Iyer Verma Agarwal Bhatt Chopra Kapoor Malhotra
        Menon Mukherjee Banerjee Chatterjee Das Krishnamurthy Venkataraman Subramanian Srinivasan Kaur Gill
        Sandhu
    """,
    "arabic": """
        Ali Hassan Hussain Ibrahim Malik Rahman Abdullah Mohamed Farooq Qureshi Siddiqui Haddad Mansour Nasser
        Saleh Al-Farsi El-Sayed Abu_Bakr bin_Laith Khalil Aziz Bashir Chaudhry
    """,
    "japanese": """
        Tanaka Sato Suzuki Takahashi Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki
        Matsumoto Inoue Kimura Hayashi Shimizu Mori Abe Ikeda Hashimoto Ishikawa Ogawa Okada Fujita
    """,
    "nordic": """
        Hansen Johansson Andersen Nielsen Larsen Olsen Jensen Eriksson Nilsson Lindberg Lindqvist Bergström Holm
        Dahl Berg Haugen Sørensen Jørgensen Åkesson Söderberg Björklund Virtanen Korhonen Lund Strand
    """,
    "dutch": """
        de_Vries van_den_Berg van_Dijk Bakker Janssen Visser de_Boer van_der_Meer van_der_Linden ter_Horst
        Dijkstra Hendriks van_Leeuwen Dekker Mulder de_Groot Bos van_'t_Hof Vermeulen VanDyke Vanderbilt
    """,
    "irish": """
        O'Connor O'Neill O'Sullivan Ryan Byrne Walsh McCarthy Doyle Gallagher Doherty Kennedy Lynch McLaughlin
        O'Reilly Fitzgerald McDonald McKenzie MacLeod McLean Nolan Brennan Quinn Keogh Callahan Donohue
    """,
    "portuguese": """
        Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Ribeiro Carvalho Araújo Barbosa
        Almeida da_Silva dos_Santos Gonçalves Magalhães Assunção de_Oliveira
    """,
}

# The parts long tails are made of: first halves, then second halves, as the names of each culture are built.
PARTS: dict[str, tuple[str, str]] = {
    "english": (
        """
            Ash Black Brad Brook Burn Chad Clay Cold Cran Crom Dal Dun East Elm Fair Farn Glad Gold Grims Hal
            Ham Harl Hart Haw Hol Hunt Kings Lang Lind Long Lyn Mar Mel Mid Mil New Nor Oak Pem Pres Rad Red
            Rock Rush Sand Shel Short Stan Staf Stock Strat Sut Thorn Tims Ul Wake Wal War Wes Whit Wilm Win
            Wool Wy
        """,
        """
            bank beck bern bourne bridge brook burn bury by combe cote croft dale den ell er field ford gate
            grove ham hurst ington kin land ley low man mere more ock ridge rick shaw sley stead ster stone stow
            ton wall water well wick wood worth
        """,
    ),
    "german": (
        """
            Alten Bach Baum Berg Birk Blum Born Brand Breit Busch Dorn Eber Eich Eisen Engel Feld Finken Frei
            Fried Fritz Gold Gros Grün Hagen Hart Hasel Heide Heil Hirsch Hoch Holz Honig Kalt Kirch König Korn
            Kraft Kreuz Kron Lang Licht Linden Löwen Mand Mühl Neu Nieder Ober Ost Rosen Roth Sand Schön Schwarz
            Silber Stein Stern Stoll Süß Tal Tannen Wald Wein Weis Wetter Winter Zucker
        """,
        """
            acher bach bauer baum beck berg berger blatt born brunn burg dorf eck er feld felder haus hauser
            heim heimer hof hofer huber inger kamp lein ler ling mann mayer meier meyer müller ner reich rich
            schmidt stein thal wald weiler
        """,
    ),
    "hispanic": (
        """
            Alb Alc Ald Alm Arr Arg Bal Barr Ben Berm Cab Cald Camp Car Casc Cep Cer Cord Corr Esc Esp Est Gal
            Gav Gran Huer Lar Led Mal Man Mat Mir Mont Mor Nav Ol Pal Par Pol Quin Rob Sal San Sar Seg Tab Tam
            Tor Val Vel Vill Yb Zam
        """,
        """
            ado ales ana anda ar ara aredo ares arez ello encia endo era eros ez ida iera illas illo ina ino iro olo
            oso ueta uero uez urria ueda arte eda
        """,
    ),
    "slavic": (
        """
            Bar Biel Bog Bor Bron Buk Chmiel Czar Dobr Drozd Dud Fil Gal Gor Grab Grom Jab Jan Jar Kal Kam Kar
            Klim Kol Kos Kov Kras Kruk Kub Kuch Lew Lip Mal Mar Mat Mil Mir Olsz Ost Paw Piet Pod Rad Rog Rud
            Rut Sad Sik Sob Sok Star Tom Tur Urb Wal Was Wil Wit Zab Zak Zar Zel
        """,
        """
            acki ak arski ek enko ewicz ewski ic ich icki iczek ik ikov iński ka kowski man nik off ojewicz ova
            ovic ović ovsky owicz owski ski sky uk yk yński chenko
        """,
    ),
    "italian": (
        """
            Abb Alb Amb Ang Bacc Bald Barb Bell Ben Bert Bon Bosc Cal Camp Cap Car Cast Cav Cer Cor Cris Fab Fer
            Fil For Gal Gar Giac Grass Lomb Mar Maz Mont Mor Nap Pal Pan Pel Per Pic Riv Ros Sal San Sart Tad
            Tos Val Ven Vic Zan
        """,
        """
            acci alli ani anti ardi arelli aro asso atti azzo ella elli ellini eri ese etti ezzi ico iello ieri
            ina ini ino isi occo oli onetti oni otti ucci uzzi ato
        """,
    ),
    "french": (
        """
            Bar Beau Bel Ber Blan Bois Bon Bou Bour Car Cham Char Chau Cler Cor Cour Dau Del Des Du Fav Fer Fon
            Gail Gar Gau Gir Gos Jac Lac Lan Laf Lav Mal Mar Men Mon Mor Par Per Pel Pich Ren Rob Roch Sau Ser
            Tal Tes Ver Vil
        """,
        """
            ain ais ald ard aud ault champ é eau el elin elle ère et ette eux ier ieux in ine mond net neuil nier
            not ois on ont ot oux rand teau toit ville vert
        """,
    ),
    "nordic": (
        """
            Berg Björk Blom Dal Ek Eng Fager Fors Gran Grön Gust Hag Hall Hed Hell Holm Kar Lag Lang Lind Ljung
            Lund Malm Moe Nord Ny Öst Palm Ros Sand Sjö Skog Ström Sund Söder Thor Wall Vest Vik Ö
        """,
        """
            berg bäck blad borg dahl en fors gaard gren haug holm land lid lund man mark nes qvist rud sen skog stad
            stedt strand ström stad vall vik
        """,
    ),
    "indian": (
        """
            Agar Ahl Ananth Bala Bhard Bhat Chakra Chand Dev Dhar Gan Gokh Gopal Gov Hari Jaya Kal Kris Kul Lak
            Mad Maha Man Moh Nag Nara Pad Parth Pra Radha Raj Ram Ranga Sada Sahas Sat Shan Shiv Sri Sub Sund
            Thak Triv Upad Vaid Vasu Venk Vish
        """,
        """
            akar an anan anathan appa aswami dhary edi ekar endran eshan ha hyay ini ishnan ita iyan kar
            krishnan kumar lal murthy nathan palan pati raj raman rao ria subramanian swamy walia yam
        """,
    ),
    "dutch": (
        """
            Berk Blom Boer Bos Brink Broek Brou Dam Dek Dijk Dool Dries Eik Fred Groen Haan Heer Hoek Hof Jon
            Kamp Klo Knij Koop Kuip Lange Leeu Maas Meer Molen Nij Oost Post Roos Schip Schou Slui Spij Steen
            Tim Veen Ver Vink Water Wes Wij Zand Zwa
        """,
        """
            aart berg broek burg dam dijk donk drecht en ens ers ga hoven huis ink kamp kerk laar loo man meer
            mans nink per ra sma stra sveld veen veld wijk ze zen
        """,
    ),
    "japanese": (
        """
            Aka Aki Ao Ara Asa Eno Fuji Fuku Furu Hana Hara Hase Hira Hori Ichi Iga Ima Ishi Iwa Kage Kami Kane
            Kawa Kishi Kita Koga Kono Kubo Kuro Maki Maru Matsu Mina Mori Mura Naka Nishi Nomu Oka Ono Saka Sawa
            Shima Taka Take Toku Uchi Ue Wada Yama Yoko Yoshi
        """,
        """
            bara be da gata gawa guchi hara hashi hira kawa ki ko mi moto mura naga naka no oka saka saki sawa shima
            shita ta tani to uchi ya yama zaki
        """,
    ),
    "arabic": (
        """
            Abd Ahmad Al-Ham Al-Ras Al-Sab Az Bad Bakh Dar Fad Far Gha Had Ham Has Jab Jal Kam Kar Khat Lat Mah
            Maj Mas Naj Nas Qas Raf Rah Ras Sab Sad Sal Sham Shar Sul Tah Tal Wah Yas Zah Zak
        """,
        """
            ad adi ah ali alla am an ani ar aoui awi ed eddin een eh eiman em er i ib id if im in ir oub oudi ouri
            oush uddin ullah um
        """,
    ),
    "irish": (
        """
            Bran Bren Cal Can Car Cas Con Cor Cul Cur Dal Dem Dev Don Dor Dun Fal Far Fin Flan Flat Gal Gar Gil
            Han Har Hen Hog Kear Ken Kil Lan Leh Loug Mal Mon Mul Nag Phe Quil Rear Reg Scan Sheri Tier Tig Tul
            Whe
        """,
        """
            agan aghan ahan an dan don egan eigh ely ery igan in ivan key lane lon ly mody nally nane ney nigan non
            ny oney ran roy sey ty van
        """,
    ),
    "portuguese": (
        """
            Alb Alc Alm Am Az Bar Bent Bit Borg Bran Cal Cam Card Cast Coel Cord Cout Fag Far Feit Figu Fonse
            Frag Gouv Guim Leit Lour Mac Mad Mal Mar Mat Mel Mend Mon Mou Nor Pach Paix Pin Quei Reb Sam Sar
            Seix Tav Teix Var Vent
        """,
        """
            ado al alho ão ara arães ares as edo eida eira eiro ela elho elo enço eres eza inho iro ito ões oso osa
            ões ra rosa uga
        """,
    ),
}
PREFIXES: dict[str, tuple[str, ...]] = {
    "irish": ("O'", "Mc", "Mac"),
    "dutch": ("van ", "van der ", "van den ", "de "),
    "french": ("de ", "La", "Le", "de la "),
    "italian": ("De ", "Di ", "D'", "Della "),
    "hispanic": ("de la ", "del ", "de "),
    "german": ("von ",),
    "portuguese": ("da ", "dos "),
}
