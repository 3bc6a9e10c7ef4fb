"""Names that sound the same and are written differently. People bear them all, and a transcript picks one of them."""

from functools import cache

SURNAME_SETS: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.split())
    for line in """Smith Smyth Smythe
Meyer Meier Maier Mayer Myer Meyers Myers
Kenter Center Kanter Canter Kentor Kenner
Schmidt Schmitt Schmid Smit Schmit
Mueller Müller Muller Miller
Johnson Johnston Jonson Johnsen Jonsson
Clark Clarke Klark
Brown Browne Braun
Thompson Thomson Tompson Thomsen
Anderson Andersen Andersson
Hoffman Hoffmann Hofmann Hofman
Schultz Schulz Schulze Shultz Schulte
Reid Reed Read Reade
Stewart Stuart Steward
Phillips Philips Philipps Phillip
Allen Allan Allyn Alan
Lee Li Leigh Lea
Gonzalez Gonzales González
Rodriguez Rodrigues Rodríguez
Hernandez Hernández Fernandez Fernández
Perez Pérez Peres
Lopez López Lopes
Martinez Martínez Martines
Garcia García Garcías
Alvarez Álvarez Alvares
Chen Chan Chin
Wang Wong Huang Hwang
Zhang Chang Cheung Jang
Nguyen Nguyên Newen Win
Kim Kimm Kym
Park Parke Parks Pak
Cho Choe Choi
Lewis Louis Luis
Carr Karr Kar
Kelly Kelley Kellie
Murphy Murphey Murfy
Moore More Moor Muir
Davis Davies Davys
Harris Harriss Herris
Wright Right Rite
White Wight Whyte
Green Greene Grein
Hall Haul Hale
Baker Bakker Becker
Cook Cooke Koch
Peterson Petersen Pedersen Pettersson
Hansen Hanson Hanssen Hansson
Nielsen Nielson Nilsen Nilsson
Larson Larsen Larsson
Olson Olsen Olsson Ohlson
Erickson Ericson Eriksen Eriksson
Christensen Christiansen Christenson
Jensen Jenson Jansen Janssen
Fisher Fischer Visser
Weber Webber Weaver
Wagner Wagener Vagner
Schneider Snyder Snider Schnider
Schroeder Schröder Schroder Shrader
Krueger Krüger Kruger Creager
Kaiser Kayser Keyser Kiser
Bauer Bower Bauers
Zimmerman Zimmermann Simmerman
Neumann Newman Neuman
Klein Kline Cline
Stein Steen Stine
Meister Mister Maister
Pierce Pearce Peirce
Bailey Baily Bayley Bailie
Gray Grey Graye
Hughes Hews Huse
Barnes Barns Bernes
Burns Byrnes Berns
Byrne Burn Byrn
Lynn Linn Lin
Cohen Cohn Kohn Cowan
Levy Levi Levey
Katz Cats Kats
Shaw Shah Schaw
Rao Row Rau
Patel Patil Patell
Singh Sing Singhe
Sharma Sarma Sherma
Desai Desaye Dessai
Khan Kahn Con
Ahmed Ahmad Achmed
Hussein Hussain Husain
Mohamed Mohammed Muhammad
Sato Satoh Satou
Ito Itoh Ido
Kowalski Kowalsky Kovalsky Kovalski
Wisniewski Vishnevski Wisnieski
Wojcik Voychik Wojick
Novak Nowak Novack
Petrov Petroff Petrow
Ivanov Ivanoff Iwanow
O'Brien O'Bryan OBrien Bryan
O'Connor O'Conner OConnor Connor
O'Neill O'Neil ONeal
McDonald MacDonald McDonnell
McKenzie MacKenzie Mackensie
McLean MacLean McClain
Ferrari Ferrary Ferraro
Rossi Rossy Rosi
Russo Rousseau Ruso
Dubois DuBois Duboys
Lefebvre Lefèvre Lefevre
Bernard Barnard Bernhard
Vandenberg VanDenBerg Vandenburg
Dijkstra Dykstra Dikstra
Elliott Elliot Eliot
Matthews Mathews Mathis
Sanders Saunders Zanders
Hayes Hays Haze
Tyler Tiler Taylor
Abbott Abbot Abbitt
Barrett Barret Beret
Bennett Bennet Benet
Garrett Garret Jarrett
Hewitt Hewett Huitt
Pruitt Prewitt Pruett
Whitaker Whittaker Wittaker
Cunningham Cuningham Conyngham
Callahan Callaghan Callihan
Donahue Donoghue Donohue
Rhodes Roads Rhoades Rodes
Sheppard Shepherd Shepard
Strickland Stricklin Strickler
Vaughn Vaughan Von
Weiss Wise Weis
Schaefer Schafer Shaffer Schäfer
Schwartz Schwarz Swartz Shorts
Lehmann Lehman Layman
Kramer Cramer Kraemer
Beck Bec Bek
Frey Frye Fry
Bock Bach Bok
Yoder Yoda Yotter
Tran Trann Tram
Pham Fam Phan
Le Lay Leh
Vo Voh Vaux
Ng Ing Eng
Hsu Xu Shoe Sue
Zhao Chao Jow
Zhou Jo Joe Chou
Wu Woo Wou
Liu Leo Lew Lu
Yang Young Jang
""".splitlines()
)

GIVEN_NAME_SETS: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.split())
    for line in """Sarah Sara Sera
Catherine Katherine Kathryn Katharine Kathrin Katarina
Stephen Steven Stefan Stephan
Geoffrey Jeffrey Jeffery Jeff
Ann Anne Anna Ana
Erik Eric Erick
Alena Elena Alina Helena Aliena
Brian Bryan Brien
Jon John Jean
Michelle Michele Mischelle
Kristen Kirsten Kristin Christen
Christina Kristina Cristina
Lindsay Lindsey Linsey
Alison Allison Alyson
Rebecca Rebekah Rebeca
Rachel Rachael Rachelle
Sean Shawn Shaun Shaan
Marc Mark Marque
Carl Karl Kahl
Philip Phillip Filip
Nicholas Nicolas Nikolas
Nicole Nichole Nikole
Zachary Zachery Zakary
Teresa Theresa Tereza
Isabel Isabelle Isobel
Sofia Sophia Sofía Zofia
Siobhan Shivon Shavon Chevonne
Niamh Neve Neeve
Aoife Eva Eefa
Saoirse Sersha Searsha
Joaquín Walkin Wakeen Joaquin
Xavier Javier Savior
Jorge George Horhe
Jesús Hazoos Jesus
Guillaume Guyom Giyome
Étienne Etienne Etien
Wei Way Whey
Xin Shin Sheen
Ji-woo Jiwoo Gee-Woo
Priya Freya Prea
Raj Rash Roger
Anjali Angelie Anjaly
Deepa Deeper Dipa
Yusuf Yousef Joseph
Mohammed Muhammad Mohamad
Aisha Ayesha Asia
Layla Leila Lila
Omar Omer Homer
Piotr Peter Pyotr
Krzysztof Christoph Kristof Christopher
Agnieszka Agnes Ageshka
Małgorzata Margaret Malgorzata
Łukasz Lucas Lukas Wookash
Jürgen Jurgen Yurgen Juergen
Jörg York Jorg
Heike Haika Hiker
Anke Anka Anchor
Søren Soren Sore
Jens Yens Gens
Jiří Jerry Yuri
Ian Ean Ion
Aaron Erin Arron
Jaime Jamie Hymie
Lori Laurie Lorry
Dawn Don Dawne
Harry Hairy Henry
Kerry Carrie Keri Cary
Terry Terri Teri
Holly Hollie Hallie
Hailey Haley Hayley Bailey
Kaitlyn Caitlin Katelyn
Jenna Gina Jana
Tracy Tracey Stacy
Amy Aimee Amie
Cindy Sindy Sidney
Dominic Dominick Dominique
Megan Meghan Meagan
Alan Allen Allan
Craig Greg Kreg
Gerard Jerard Gerald
Louis Lewis Luis
Graham Graeme Gram
Claire Clare Clair
Phoebe Feebee Fiby
Naomi Noemi Nayomi
Zoe Zoey Joey
""".splitlines()
)


@cache
def alike(name: str) -> tuple[str, ...]:
    """The other spellings of this name's sound, as far as the lists go."""
    return _alike_by_name().get(name.lower(), ())


@cache
def _alike_by_name() -> dict[str, tuple[str, ...]]:
    others: dict[str, tuple[str, ...]] = {}
    for names in (*SURNAME_SETS, *GIVEN_NAME_SETS):
        for name in names:
            others[name.lower()] = tuple(other for other in names if other != name)
    return others
